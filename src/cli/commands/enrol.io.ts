import { resolve } from 'node:path';
import { OneRoofError, printable, stated } from '../../core/index.ts';
import { type Passkey, readPolicy, type Registry, registryDigest } from '../../people/index.ts';
import { readSetup } from '../../setup/index.ts';
import { type Enrolment, enrolmentActions, enrolPage, withKey } from '../../signing/index.ts';
import { openDraft, writeDraft } from '../draft.io.ts';
import { runPage } from '../page-run.io.ts';
import { type Context, type CommandRun } from '../verb.ts';

/** Serves a page on which a person makes a passkey, and writes the next version of the registry with it. */
export const run: CommandRun = async (context) => {
  const setup = await readSetup(context.folder);
  const named = context.options['policy'];
  const policy = readPolicy(typeof named === 'string' ? resolve(context.folder, named) : setup.policyFile);
  const draft = openDraft(context, setup);
  const person = personOf(context, draft.registry);
  const key = await runPage<Passkey>(context, {
    policy,
    setup,
    page: (done) => ({
      draw: async () => enrolPage(policy, person),
      actions: enrolmentActions({
        policy,
        registry: draft.registry,
        person,
        keep: async (made) => {
          writeDraft({ ...draft, registry: withKey(draft.registry, person.enrolment, made) });
          done(made);
          return 'The passkey is in the next version of the registry. You can close this page.';
        },
      }),
    }),
    invite: `on the device where ${printable(person.name)} has the authenticator`,
    unfinished: { ...stated`no passkey was made`, fix: 'run the command again' },
  });
  const next = withKey(draft.registry, person.enrolment, key);
  return {
    exit: 0,
    schema: 'oneroof/enrol/1',
    data: { file: draft.file, person: person.id, key, version: next.version, digest: registryDigest(next) },
    text: `${printable(person.id)} has a new passkey (${key.device}); registry version ${next.version}, ${registryDigest(next)}, is written to ${printable(draft.file)}${next.version === 1 ? '' : `\nnext: oneroof ratify --registry ${printable(draft.file)}`}`,
  };
};

function personOf(
  { options }: Context,
  draft: Registry,
): { readonly id: string; readonly name: string; readonly enrolment: Enrolment } {
  const id = String(options['person']);
  const known = draft.persons.find((one) => one.id === id);
  const name = typeof options['name'] === 'string' ? options['name'] : null;
  const level = typeof options['level'] === 'string' ? Number(options['level']) : null;
  if (
    !/^[a-z][a-z0-9-]{0,62}$/.test(id) ||
    (level !== null && !(Number.isInteger(level) && level >= 1 && level <= 9))
  ) {
    throw new OneRoofError('USAGE', {
      ...stated`--person expects lower-case letters, digits and hyphens, --level a number from 1 to 9`,
      fix: 'for example: oneroof enrol --person ana --name "Ana" --level 4',
    });
  }
  const enrolment = { id, name, level };
  if (known === undefined && (name === null || level === null)) {
    throw new OneRoofError('PERSON_INCOMPLETE', {
      ...stated`${{ person: id }} is not in the registry yet`,
      fix: `give the name and the level: oneroof enrol --person ${id} --name "…" --level 4`,
    });
  }
  return { id, name: name ?? known?.name ?? id, enrolment };
}
