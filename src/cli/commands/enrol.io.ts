import { EventEmitter, once } from 'node:events';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { OneRoofError, printable } from '../../core/index.ts';
import {
  type Passkey,
  readPolicy,
  readRegistry,
  type Registry,
  registryDigest,
  registryDocument,
} from '../../gate/index.ts';
import { readSetup } from '../../setup/index.ts';
import {
  draftRegistry,
  type Enrolment,
  enrolmentActions,
  enrolPage,
  listenAt,
  notForProduction,
  servePage,
} from '../../web/index.ts';
import { type Context, type Run } from '../verb.ts';

/** Serves a page on which a person makes a passkey, and writes the next version of the registry with it. */
export const run: Run = async (context) => {
  const setup = await readSetup(context.folder);
  const policy = readPolicy(setup.policyFile);
  const current = existsSync(setup.registryFile) ? readRegistry(setup.registryFile) : null;
  const person = personOf(context, current);
  const out =
    typeof context.options['out'] === 'string' ? resolve(context.folder, context.options['out']) : setup.registryFile;
  const kept = new EventEmitter();
  const made = once(kept, 'key', { signal: context.signal }) as Promise<[Passkey]>;
  const page = await servePage({
    origin: policy.origin,
    listen: listenAt(policy, setup.pagePort),
    draw: async () => enrolPage(policy, person),
    actions: enrolmentActions({
      policy,
      registry: current,
      person,
      keep: async (key) => {
        write(out, draftRegistry(current, person.enrolment, key));
        kept.emit('key', key);
        return 'The passkey is in the next version of the registry. You can close this page.';
      },
    }),
  });
  try {
    if (!policy.production) context.terminal.say(notForProduction);
    context.terminal.say(`open ${page.url} where ${printable(person.name)} has the authenticator; Ctrl-C ends it`);
    const [key] = await made.catch(interrupted);
    const next = draftRegistry(current, person.enrolment, key);
    return {
      exit: 0,
      schema: 'oneroof/enrol/1',
      data: { file: out, person: person.id, key, version: next.version, digest: registryDigest(next) },
      text: `${printable(person.id)} has a new passkey (${key.device}); registry version ${next.version}, ${registryDigest(next)}, is written to ${printable(out)}`,
    };
  } finally {
    await page.close();
  }
};

function personOf(
  { options }: Context,
  current: Registry | null,
): { readonly id: string; readonly name: string; readonly enrolment: Enrolment } {
  const id = String(options['person']);
  const known = current?.persons.find((one) => one.id === id);
  const name = typeof options['name'] === 'string' ? options['name'] : null;
  const level = typeof options['level'] === 'string' ? Number(options['level']) : null;
  if (
    !/^[a-z][a-z0-9-]{0,62}$/.test(id) ||
    (level !== null && !(Number.isInteger(level) && level >= 1 && level <= 9))
  ) {
    throw new OneRoofError('USAGE', {
      problem: '--person is lower-case letters, digits, hyphens, and --level a number from 1 to 9',
      fix: 'for example: oneroof enrol --person ana --name "Ana" --level 4',
    });
  }
  const enrolment = { id, name, level };
  if (known === undefined && (name === null || level === null)) {
    throw new OneRoofError('PERSON_INCOMPLETE', {
      problem: `${id} is not in the registry yet`,
      fix: `say who that is: oneroof enrol --person ${id} --name "…" --level 4`,
    });
  }
  return { id, name: name ?? known?.name ?? id, enrolment };
}

/** Beside it first: a registry that is half written would lock everybody out. */
function write(file: string, registry: Registry): void {
  writeFileSync(`${file}.next`, registryDocument(registry), { mode: 0o644 });
  renameSync(`${file}.next`, file);
}

function interrupted(cause: unknown): never {
  throw new OneRoofError('INTERRUPTED', { problem: 'no passkey was made', fix: 'run the command again', cause });
}
