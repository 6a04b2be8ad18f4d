import { resolve } from 'node:path';
import { parseSize } from '../core/index.ts';
import { secret } from '../database/index.ts';
import { type CloneForm } from './clone-form.ts';
import { type CloneSetup, type MaskCommand, type MaskSetup, type SampleSetup } from './clone-setup.ts';
import { connectionFrom, checkedDuration, type From, variableOf } from './read-address.io.ts';

/** Where clones come from, from what oneroof.yaml says of it. */
export function cloneFrom(form: CloneForm, from: From): CloneSetup {
  const maxBytes = 'maxBytes' in form && form.maxBytes !== undefined ? parseSize(form.maxBytes) : null;
  const capped =
    form.maxClones === undefined && maxBytes === null ? {} : { cap: { maxClones: form.maxClones ?? null, maxBytes } };
  if (form.provider === 'template') {
    return {
      ...capped,
      provider: 'template',
      source: form.source,
      sameServer: form.sameServer,
      ...maskFrom(form, from),
      get admin() {
        return connectionFrom(form.admin, from);
      },
    };
  }
  if (form.provider === 'dump') {
    const { maxRate } = form;
    return {
      ...capped,
      provider: 'dump',
      folder: resolve(from.folder, form.folder),
      bin: form.bin === undefined ? null : resolve(from.folder, form.bin),
      jobs: form.jobs,
      maxRate: maxRate === undefined ? null : bytesOf(maxRate),
      maxSnapshotAge: checkedDuration(form.maxSnapshotAge),
      ...maskFrom(form, from),
      ...(form.sample === undefined ? {} : { sample: sampleFrom(form.sample) }),
      get dump() {
        return connectionFrom(form.dump, from);
      },
    };
  }
  if (form.provider === 'basebackup') {
    const { maxRate } = form;
    return {
      ...capped,
      provider: 'basebackup',
      folder: resolve(from.folder, form.folder),
      bin: form.bin === undefined ? null : resolve(from.folder, form.bin),
      checkpoint: form.checkpoint,
      maxRate: maxRate === undefined ? null : bytesOf(maxRate),
      maxDuration: checkedDuration(form.maxDuration),
      proof: form.proof,
      ...maskFrom(form, from),
      get backup() {
        return connectionFrom(form.backup, from);
      },
    };
  }
  if (form.provider === 'exec') {
    const [program = '', ...rest] = form.command;
    return {
      ...capped,
      provider: 'exec',
      command: [program.includes('/') ? resolve(from.folder, program) : program, ...rest],
      startIn: from.folder,
      deadline: checkedDuration(form.deadline),
      folder: resolve(from.folder, form.folder),
      get variables() {
        return new Map(form.env.map((name) => [name, secret(variableOf(name, from))]));
      },
    };
  }
  return {
    ...capped,
    provider: 'physical',
    dataDirectory: form.dataDirectory === undefined ? null : resolve(from.folder, form.dataDirectory),
    folder: resolve(from.folder, form.folder),
    bin: form.bin === undefined ? null : resolve(from.folder, form.bin),
    ...maskFrom(form, from),
    get backup() {
      return connectionFrom(form.backup, from);
    },
  };
}

/** Absent where nothing is masked. */
function maskFrom({ mask }: { readonly mask?: MaskForm | undefined }, from: From): { readonly mask?: MaskSetup } {
  if (mask === undefined) return {};
  const { columns = {}, command } = mask;
  return {
    mask: {
      columns: Object.entries(columns).map(([column, expression]) => ({ column, expression })),
      ...(command === undefined ? {} : { command: maskCommandFrom(command, from) }),
    },
  };
}

type MaskForm = NonNullable<Extract<CloneForm, { provider: 'dump' }>['mask']>;

function maskCommandFrom(command: NonNullable<MaskForm['command']>, from: From): MaskCommand {
  const [program = '', ...words] = command.run;
  return {
    run: [program, ...words],
    startIn: from.folder,
    deadline: checkedDuration(command.deadline),
    columns: command.columns,
    get variables() {
      return new Map(command.env.map((name) => [name, secret(variableOf(name, from))]));
    },
  };
}

function sampleFrom({
  share,
  above,
  seed,
  keep,
}: NonNullable<Extract<CloneForm, { provider: 'dump' }>['sample']>): SampleSetup {
  return {
    share: Math.round(Number.parseFloat(share) * 10_000),
    above: parseSize(above) ?? 0,
    seed,
    keep: Object.entries(keep).map(([table, condition]) => ({ table, condition })),
  };
}

/** Bytes of a size as PostgreSQL writes it. */
function bytesOf(size: string): number {
  return Number.parseInt(size, 10) * 1024 ** (['kB', 'MB', 'GB'].indexOf(size.replace(/^\d+/, '')) + 1);
}
