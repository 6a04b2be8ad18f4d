import { z } from 'zod';
import { field, folderField, longest, oneTarget, releaseField, switched, words } from './tool-fields.ts';
import { type Tool } from './agent-tool.ts';

const cloneName = field(z.string().regex(/^[a-z][a-z0-9_]{0,62}$/), 'the name of the clone', { argument: 0 });

/** The tools that prepare and prove. */
export const rehearsingTools: readonly Tool[] = [
  {
    name: 'check',
    class: 'REHEARSE',
    command: 'check',
    text: 'Judge the migrations of a folder, of whatever tool: run each forward, back and forward again on a private PostgreSQL with rows. Exit 1 if one is not safe; each fault has a code and a fix.',
    fields: {
      dir: folderField('a folder with migrations; default: the folder of the server'),
      all: field(switched.optional(), 'judge all; default: those that are new since the merge base'),
      from: field(
        z
          .string()
          .regex(/^[\w.][\w./ -]*$/)
          .max(longest)
          .optional(),
        'judge this migration and all after it',
      ),
      postgres: field(z.enum(['14', '15', '16', '17', '18']).optional(), 'the version of PostgreSQL; default: 18'),
      pendingIn: field(words.optional(), 'judge what is pending in this target of oneroof.yaml', { kind: 'target' }),
      against: field(words.optional(), 'tell how large each table is in this target of oneroof.yaml', {
        kind: 'target',
      }),
    },
    reach: 'none',
    schema: 'oneroof/check/1',
  },
  {
    name: 'import',
    class: 'REHEARSE',
    command: 'import',
    text: 'Write the migrations that are pending in a target as a release, a tier for each.',
    fields: {
      dir: folderField('a folder with the migrations; default: the folder of the server'),
      target: oneTarget,
      into: field(words, 'the folder of the release', { kind: 'newFolder' }),
    },
    reach: 'one',
    schema: 'oneroof/import/1',
  },
  {
    name: 'new_tier',
    class: 'REHEARSE',
    command: 'new tier',
    text: 'Add an empty tier to a release, after its last tier.',
    fields: {
      release: folderField('the folder of the release'),
      name: field(z.string().regex(/^[a-z][a-z0-9-]{0,62}$/), 'the name of the tier, without its number', {
        argument: 1,
      }),
    },
    reach: 'none',
    schema: 'oneroof/new-tier/1',
  },
  {
    name: 'draft_back',
    class: 'REHEARSE',
    command: 'draft back',
    text: 'Write a new release that undoes a rollout whose rollback is closed; people ratify it like any release.',
    fields: {
      release: releaseField,
      target: oneTarget,
      out: field(words, 'the folder of the new release', { kind: 'newFolder' }),
    },
    reach: 'one',
    schema: 'oneroof/draft-back/1',
  },
  {
    name: 'draft_down',
    class: 'REHEARSE',
    command: 'draft down',
    text: 'Draft the rollback of a tier that has no down.sql, on clones: write down.sql, add to up.sql what keeps rows for it, and mark the tier as drafted. Exit 1 if something is left for you to write. Read it, seal and rehearse: only that proves it.',
    fields: {
      release: folderField('the folder of the release'),
      tier: field(z.string().regex(/^[1-9]\d*-[a-z0-9-]{1,62}$/), 'the id of the tier', { argument: 1 }),
    },
    reach: 'default',
    schema: 'oneroof/draft-down/1',
  },
  {
    name: 'seal',
    class: 'REHEARSE',
    command: 'seal',
    text: 'Seal a release: one digest over everything that will run. After a change of a file, seal and rehearse again.',
    fields: { release: releaseField },
    reach: 'none',
    schema: 'oneroof/seal/1',
  },
  {
    name: 'rehearse',
    class: 'REHEARSE',
    command: 'rehearse',
    text: 'Run a sealed release forward, back and forward again on a clone, and prove the rollback. It may take long.',
    fields: {
      release: releaseField,
      golden: field(switched.optional(), 'take a new golden copy first'),
      full: field(switched.optional(), 'read every row for the proof'),
    },
    reach: 'default',
    schema: 'oneroof/rehearsal/1',
  },
  {
    name: 'clone_make',
    class: 'REHEARSE',
    command: 'clone make',
    text: 'Make a clone of the newest golden copy, for a trial.',
    fields: {
      hours: field(z.int().min(1).max(72).optional(), 'the length of the lease; default: 24'),
      purpose: field(z.string().max(200).optional(), 'the purpose'),
    },
    reach: 'none',
    schema: 'oneroof/clone-make/1',
  },
  {
    name: 'clone_reset',
    class: 'REHEARSE',
    command: 'clone reset',
    text: 'Make a clone as its golden copy is.',
    fields: { clone: cloneName },
    reach: 'none',
    schema: 'oneroof/clone-reset/1',
  },
  {
    name: 'clone_drop',
    class: 'REHEARSE',
    command: 'clone drop',
    text: 'Drop a clone. A database without the mark of a clone is refused.',
    fields: { clone: cloneName },
    reach: 'none',
    schema: 'oneroof/clone-drop/1',
  },
];

/** The tools that ask people. */
export const askingTools: readonly Tool[] = [
  {
    name: 'propose',
    class: 'ASK',
    command: 'propose',
    text: 'Ask people to ratify a rehearsed release: record what they would sign, and answer with the address of the page that they open. It signs nothing and opens nothing.',
    fields: {
      release: releaseField,
      target: oneTarget,
      hours: field(
        z.number().positive().max(720).optional(),
        'how long the ratification is valid; the policy sets the limit',
      ),
    },
    reach: 'one',
    schema: 'oneroof/propose/1',
  },
  {
    name: 'review',
    class: 'ASK',
    command: 'review',
    text: 'Say what you find of a sealed release, signed with the key of this machine. It is advice that people read: it fills no seat, and opens and closes nothing.',
    fields: {
      release: releaseField,
      finding: field(z.enum(['agrees', 'objects', 'comments']), 'what you find'),
      text: field(z.string().min(1).max(8000), 'why; people read it as text'),
    },
    reach: 'each',
    schema: 'oneroof/review/1',
  },
];

/** The tools that roll out what is open. */
export const runningTools: readonly Tool[] = [
  {
    name: 'rollout',
    class: 'RUN',
    command: 'rollout',
    text: 'Roll out what people ratified, tier by tier. The database itself refuses everything that is not open.',
    fields: {
      release: releaseField,
      target: oneTarget,
      through: field(
        z
          .string()
          .regex(/^[\w.][\w.-]*$/)
          .max(longest)
          .optional(),
        'the last tier to run',
      ),
      dryRun: field(switched.optional(), 'write nothing; tell what would run, and what would stop it'),
    },
    reach: 'one',
    schema: 'oneroof/rollout/2',
  },
];
