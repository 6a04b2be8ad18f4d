import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Formed, formProblem, instantForm, namedForm, OneRoofError, stated } from '../../core/index.ts';
import { type DatabaseName, goldenForm } from '../clone.ts';

const makerForm = z.object({ host: z.string(), pid: z.number(), begin: z.string().exactOptional() });
const name = namedForm<DatabaseName>();

/** A clone that the program was asked for: it is written before the program is asked. */
const leaseRecordForm = z.object({
  version: z.literal(1),
  request: z.string(),
  lease: z.object({
    database: name,
    owner: z.string(),
    createdAt: instantForm,
    expires: instantForm,
    purpose: z.string(),
    golden: name,
    kept: z.boolean(),
  }),
  maker: makerForm,
  /** What the program was told of the end of the lease. */
  told: instantForm,
  /** What the service calls it, and how to connect, without a password; null until the program has answered and the clone was checked. */
  made: z.object({ id: z.string(), command: z.string() }).nullable(),
  /** Making it failed, and it could not be dropped at once: `gc` does that, whoever lives. */
  givenUp: z.boolean(),
});
export type LeaseRecord = Formed<typeof leaseRecordForm>;

const onceForm = z.object({ name: z.string(), value: z.string() });

/** A golden copy that the program was asked for. */
const goldenRecordForm = z.object({
  version: z.literal(1),
  request: z.string(),
  name,
  generation: z.number(),
  maker: makerForm,
  askedAt: instantForm,
  /** Null until the program has answered and the copy was read. */
  taken: z.object({ id: z.string(), golden: goldenForm, once: z.array(onceForm) }).nullable(),
});
export type GoldenRecord = Formed<typeof goldenRecordForm>;

/** What a program was asked for from this folder. Each record is a file of its own, written as a whole or not at all. */
export interface Journal {
  /** Begins the name of everything that is made from here, and of nothing else. */
  readonly place: string;
  leases(): readonly LeaseRecord[];
  goldens(): readonly GoldenRecord[];
  writeLease(record: LeaseRecord): void;
  writeGolden(record: GoldenRecord): void;
  /** Writes a record of a generation that has none yet; says whether it had none. */
  beginGolden(record: GoldenRecord): boolean;
  forget(record: LeaseRecord | GoldenRecord): void;
}

/**
 * Opens the journal in a folder, and makes it where it is not there.
 *
 * Errors  FILE_UNREADABLE for a record that was edited or damaged.
 */
export function openJournal(folder: string): Journal {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const place = placeOf(folder);
  const fileOf = (record: LeaseRecord | GoldenRecord): string =>
    join(folder, 'lease' in record ? `exec-clone-${record.request}.json` : `exec-golden-${record.generation}.json`);
  const write = (record: LeaseRecord | GoldenRecord): void => {
    const draft = draftOf(folder, JSON.stringify(record));
    renameSync(draft, fileOf(record));
  };
  const read = <Form extends z.ZodType>(pattern: RegExp, form: Form): Formed<Form>[] =>
    readdirSync(folder)
      .filter((file) => pattern.test(file))
      .flatMap((file) => readRecord(join(folder, file), form) ?? []);
  return {
    place,
    leases: () => read(/^exec-clone-[0-9a-f]+\.json$/, leaseRecordForm),
    goldens: () => read(/^exec-golden-\d+\.json$/, goldenRecordForm).toSorted((a, b) => b.generation - a.generation),
    writeLease: write,
    writeGolden: write,
    beginGolden: (record) => isNew(folder, { text: JSON.stringify(record), file: fileOf(record) }),
    forget: (record) => rmSync(fileOf(record), { force: true }),
  };
}

function placeOf(folder: string): string {
  const file = join(folder, 'exec-place');
  if (!existsSync(file)) isNew(folder, { text: `oneroof-${randomBytes(4).toString('hex')}`, file });
  const place = readFileSync(file, 'utf8').trim();
  if (/^oneroof-[0-9a-f]{8}$/.test(place)) return place;
  throw damaged(file, 'it does not hold the mark of a place');
}

function draftOf(folder: string, text: string): string {
  const draft = join(folder, `.exec-draft-${process.pid}-${randomBytes(4).toString('hex')}`);
  writeFileSync(draft, text, { mode: 0o600 });
  return draft;
}

/** Writes a file as a whole, unless another process has; says whether it did. */
function isNew(folder: string, { text, file }: { readonly text: string; readonly file: string }): boolean {
  const draft = draftOf(folder, text);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Null where another process has removed it meanwhile. */
function readRecord<Form extends z.ZodType>(file: string, form: Form): Formed<Form> | null {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw damaged(
      file,
      error instanceof SyntaxError ? 'it is not JSON' : String((error as NodeJS.ErrnoException).code),
    );
  }
  const problem = formProblem(value, form);
  if (problem !== null) throw damaged(file, problem);
  return value as Formed<Form>;
}

function damaged(file: string, why: string): OneRoofError {
  return new OneRoofError('FILE_UNREADABLE', {
    ...stated`${{ file }}, a record of what the program of the clone provider was asked for, cannot be read: ${{ why }}`,
    fix: `remove ${file}; \`oneroof clone gc\` then drops what it was about, which carries the mark of this place`,
  });
}
