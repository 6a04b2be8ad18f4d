import { type GoldenGround, openGoldenGround, type ProductionSizes, readSizes } from '../check/index.ts';
import { copyGoldenServer, explainAge, type Golden } from '../clone/index.ts';
import { elapsed, formatDuration, now, OneRoofError, parseDuration, printable, stated } from '../core/index.ts';
import { type Snapshot, sql } from '../database/index.ts';
import { type MigrationProject } from '../import/index.ts';
import { readSetup, type Setup } from '../setup/index.ts';
import { historyReader } from './check-subject.io.ts';
import { databaseSide, withReading } from './compared-side.io.ts';
import { copyText } from './text/index.ts';
import { type Context } from './verb.ts';

/** The production that --against names. */
export interface Against {
  readonly sizes: ProductionSizes;
  /** Where its golden copies are: of a target whose oneroof.yaml says so; null: only its sizes are told. */
  readonly copies: NonNullable<Setup['clone']> | null;
  /** Which database it is. */
  readonly identity: Identity;
}

type Identity = Pick<Golden['source'], 'systemIdentifier' | 'databaseOid'>;

/**
 * Reads the sizes of the production that --against names; null: none is named.
 *
 * Errors  USAGE, those of databaseSide and withReading.
 */
export async function readAgainst(context: Context): Promise<Against | null> {
  const { against } = context.options;
  if (typeof against !== 'string') return null;
  const side = await databaseSide(context, against);
  const copies = side.as === 'observer' ? (await readSetup(context.folder)).clone : null;
  if (copies !== null) refuseWithGolden(context);
  return withReading(side, context.signal, async (reading) => ({
    copies,
    sizes: await readSizes(reading, side.name),
    identity: copies === null ? { systemIdentifier: '', databaseOid: '' } : await readIdentity(reading),
  }));
}

/** Options that a golden copy answers, and those with which foreign SQL or its values would get further than they may. */
const notWithGolden = {
  all: '--all',
  from: '--from',
  pendingIn: '--pending-in',
  rows: '--rows',
  superuser: '--superuser',
  showValues: '--show-values',
} as const;

function refuseWithGolden({ options }: Context): void {
  const given = Object.entries(notWithGolden).flatMap(([name, word]) => (options[name] === undefined ? [] : [word]));
  if (given.length === 0) return;
  throw new OneRoofError('USAGE', {
    ...stated`the golden copy of ${{ target: printable(String(options['against'])) }} has the history and the rows, so it does not go with ${{ options: given }}`,
    fix: 'leave that out; or, for synthetic rows and the sizes of production alone, put its address into a variable and write --against env:NAME',
  });
}

async function readIdentity(reading: Snapshot): Promise<Identity> {
  const [row] = await reading.query<Identity>(sql`
    select (select system_identifier::text from pg_catalog.pg_control_system()) as "systemIdentifier", d.oid::text as "databaseOid"
    from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`);
  return row ?? { systemIdentifier: '', databaseOid: '' };
}

/**
 * Copies the golden copy of a production for a check, passes it to a function, and removes the copy whatever happens.
 *
 * Errors  CHECK_GOLDEN_OLD, CHECK_GOLDEN_UNFIT; those of copyGoldenServer and readPending.
 */
export async function withGolden<T>(
  { sizes, copies, identity }: Against & { readonly copies: NonNullable<Against['copies']> },
  { project, context }: { readonly project: MigrationProject; readonly context: Context },
  use: (ground: GoldenGround) => Promise<T>,
): Promise<T> {
  const { signal, terminal, options } = context;
  const target = sizes.name;
  const at = now();
  const oldest = String(options['goldenAge']);
  const allowed = parseDuration(oldest);
  if (allowed === null)
    throw new OneRoofError('USAGE', {
      ...stated`--golden-age ${{ value: printable(oldest) }} is not a length of time`,
      fix: 'for example: --golden-age 7d',
    });
  const accept = (golden: Golden): void => {
    if (
      golden.source.systemIdentifier !== identity.systemIdentifier ||
      golden.source.databaseOid !== identity.databaseOid
    )
      throw new OneRoofError('CHECK_GOLDEN_UNFIT', {
        ...stated`the golden copy is not of ${{ target: printable(target) }}: it was taken from the database ${{ database: printable(golden.source.database) }} of server ${{ systemIdentifier: printable(golden.source.systemIdentifier) }}`,
        fix: 'name the target that `clone:` of oneroof.yaml copies; where that is this one, take a new copy: oneroof clone golden',
      });
    if (elapsed({ from: golden.takenAt, to: at }) > allowed)
      throw new OneRoofError('CHECK_GOLDEN_OLD', {
        ...stated`${{ why: explainAge(golden, { moment: at, what: 'the check' }) }}; --golden-age allows ${{ goldenAge: formatDuration(allowed) }}`,
        fix: `oneroof clone pull --older-than ${printable(oldest)}`,
      });
  };
  const began = performance.now();
  const onProgress = (bytes: { readonly done: number; readonly total: number }): void =>
    terminal.progress(copyText({ ...bytes, spentMs: performance.now() - began }));
  const copied = await copyGoldenServer(copies, { signal, onProgress, accept });
  try {
    const ground = await openGoldenGround(copied, { target, at, history: historyReader(project, context) });
    try {
      return await use(ground);
    } finally {
      await ground.sandbox.stop();
    }
  } finally {
    await copied.stop();
  }
}
