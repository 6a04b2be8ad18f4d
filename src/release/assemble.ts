import { type Branded, type Bytes, type Milliseconds, type Problem, stated } from '../core/index.ts';
import { parseYaml } from '../yaml/index.ts';
import { type ReleaseFiles } from './files.ts';
import { type Manifest, manifestSchema, otherwise } from './manifest.ts';
import { type Parser, type Statement } from './parser.ts';
import { expectationOf, expectationsOf } from './expectation.ts';
import { checkQuery } from './read-only.ts';
import {
  type BatchedTable,
  type Direction,
  type Metric,
  type MetricName,
  type Release,
  type ReleaseName,
  type Step,
  type Tier,
  type TierId,
} from './release.ts';
import { checkImported } from './imported.ts';
import { checkBatched, readBatched, withBatches } from './batches.ts';
import { emptyOf } from './empty-tier.ts';
import { checkNames, checkNumbering, type Declared, unusedFile } from './names.ts';
import { downOfTier, onlyAfterAll } from './outside-rule.ts';
import { probeOf } from './probe.ts';
import { checkStatements } from './lint-rules.ts';
import { checkSettings } from './settings-read.ts';
import { enumsUsed, neverValidated, unwrapped } from './sequence.ts';

/** A release, or everything that is wrong with it. */
export interface Assembled {
  readonly release: Release | null;
  readonly problems: readonly Problem[];
}

/** How long a step of an outside tier may wait, where the tier does not say. Milliseconds. */
const usualWait = 600_000;

/** What the parts of one release are put together from. */
interface Work extends Declared {
  readonly files: ReleaseFiles;
  readonly parser: Parser;
  readonly used: Set<string>;
  /** The statements of all tiers, forwards and in order. */
  readonly forward: Statement[];
  readonly isDownOptional: boolean;
}

/**
 * Puts a release together from its files and checks it whole: all problems at once.
 *
 * Errors  as problems: YAML_*, TIER_*, DOWN_*, FILE_MISSING, FILE_UNUSED, NAME_UNKNOWN, NAME_TWICE, SQL_*, RULE_*, QUERY_*.
 * Source  docs/FORMAT.md.
 */
export function assemble(source: {
  readonly folder: string;
  readonly files: ReleaseFiles;
  readonly parser: Parser;
  /** Whether a tier may lack its down, which is then empty: it is to be drafted. */
  readonly isDownOptional?: true;
}): Assembled {
  const { folder, files, parser } = source;
  const parsed = parseYaml({
    file: 'release.yaml',
    text: files.get('release.yaml') ?? '',
    schema: manifestSchema,
    instead: otherwise,
    invalid: 'YAML_INVALID',
    fix: 'correct the value; docs/reference/release-yaml.md describes its form',
  });
  if (!parsed.ok) return { release: null, problems: [...parsed.problems, ...unreadable(files, parser)] };
  const { value: manifest, placeOf } = parsed;
  const work: Work = {
    files,
    parser,
    manifest,
    placeOf,
    problems: [],
    used: new Set(['release.yaml', 'seal.json', 'README.md']),
    forward: [],
    isDownOptional: source.isDownOptional === true,
  };
  const tiers = manifest.tiers.map((_, index) => readTier(work, index));
  // the statement that validates may be the one that cannot be read
  if (manifest.allows.notValid === undefined && !work.problems.some(({ code }) => code === 'SQL_SYNTAX'))
    work.problems.push(...neverValidated(work.forward));
  const imported = checkImported(work, tiers);
  checkNumbering(work);
  checkNames(work);
  const metrics = Object.entries(manifest.metrics).map(([name, said]) => readMetric(work, { name, said }));
  const options = manifest.options.map((option) => {
    const file = `options/${option.id}/up.sql`;
    return { ...option, up: files.has(file) ? readSql(work, file).map(({ step }) => step) : [] };
  });
  for (const file of files.keys()) {
    if (!work.used.has(file)) work.problems.push(unusedFile(file, manifest));
  }
  if (work.problems.length > 0) return { release: null, problems: inOrder(work.problems) };
  const release: Release = {
    folder,
    name: manifest.name as ReleaseName,
    title: manifest.title,
    summary: manifest.summary,
    database: manifest.database,
    touches: manifest.touches,
    varies: manifest.varies,
    ...(manifest.expects === undefined ? {} : { expects: manifest.expects }),
    ...(imported === null ? {} : { imported }),
    requires: manifest.requires,
    ...(manifest.rerunnable ? { rerunnable: true } : {}),
    ...(manifest.links.length === 0 ? {} : { links: manifest.links }),
    authors: manifest.authors.map((author) => ({ ...author, instructedBy: author.instructedBy ?? null })),
    settings: {
      lockTimeout: manifest.settings.lockTimeout as Milliseconds,
      statementTimeout: manifest.settings.statementTimeout as Milliseconds,
      searchPath: manifest.settings.searchPath,
      role: manifest.settings.role ?? null,
      ...(manifest.settings.timezone === undefined ? {} : { timezone: manifest.settings.timezone }),
      // absent where there are none: a release that declares none has the seal of before
      ...(Object.keys(manifest.settings.custom).length === 0 ? {} : { custom: manifest.settings.custom }),
    },
    budgets: {
      lock: (manifest.budgets.lock ?? null) as Milliseconds | null,
      total: (manifest.budgets.total ?? null) as Milliseconds | null,
      ...(manifest.budgets.rewrite === undefined ? {} : { rewrite: manifest.budgets.rewrite as Bytes }),
    },
    tiers,
    metrics: metrics.filter((metric) => metric !== null),
    invariants: {
      greenfield: expectationsOf(manifest.invariants.greenfield),
      finalized: expectationsOf(manifest.invariants.finalized),
      always: expectationsOf(manifest.invariants.always),
    },
    gates: manifest.gates.map((gate) => ({
      id: gate.id,
      title: gate.title,
      metric: gate.metric as MetricName,
      expectation: expectationOf(gate),
      before: gate.before as TierId,
    })),
    options,
    allows: Object.fromEntries(
      Object.entries(manifest.allows).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    after: manifest.after,
    next: manifest.next,
  };
  return { release, problems: [] };
}

/** The problems of each file of SQL by their lines, where the first of them was. */
function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const files = new Set(problems.map(({ place }) => place?.file));
  return [...files].flatMap((file) => {
    const own = problems.filter(({ place }) => place?.file === file);
    const isSql = file?.endsWith('.sql') === true;
    return isSql ? own.toSorted((one, other) => (one.place?.line ?? 0) - (other.place?.line ?? 0)) : own;
  });
}

/** What keeps any file of SQL from being read: told also where release.yaml cannot be. */
function unreadable(files: ReleaseFiles, parser: Parser): readonly Problem[] {
  const sql = [...files].filter(([file]) => file.endsWith('.sql'));
  return sql.flatMap(([file, text]) => parser.parse(file, text).problems);
}

function readSql(work: Work, file: string): readonly Statement[] {
  work.used.add(file);
  const { statements, problems } = work.parser.parse(file, work.files.get(file) ?? '');
  work.problems.push(...problems);
  return statements;
}

function settingsRead({ parser, manifest }: Work, statements: readonly Statement[]): readonly Problem[] {
  return checkSettings(statements, { parser, custom: manifest.settings.custom });
}

function readTier(work: Work, index: number): Tier {
  const declared = work.manifest.tiers[index] as Manifest['tiers'][number];
  const folder = `tiers/${declared.id}`;
  const place = work.placeOf(['tiers', index, 'id']);
  const before = work.problems.length;
  const tables: Record<Direction, readonly (BatchedTable | null)[]> = { up: [], down: [] };
  const side = (direction: Direction): readonly Step[] => {
    const read = readSql(work, `${folder}/${direction}.sql`);
    const statements = declared.transaction === 'single' ? unwrapped(read) : read;
    work.problems.push(
      ...checkStatements(statements, {
        parser: work.parser,
        allows: work.manifest.allows,
        transaction: declared.transaction,
        gated: declared.barred === undefined,
      }),
    );
    work.problems.push(...settingsRead(work, statements));
    const batched = readBatched(statements, declared.batched);
    work.problems.push(...batched.problems);
    tables[direction] = batched.tables;
    if (declared.transaction === 'single') work.problems.push(...enumsUsed(statements));
    // not push(...): so many arguments are more than a call takes
    if (direction === 'up') for (const statement of statements) work.forward.push(statement);
    return statements.map((statement, at) =>
      withBatches(stepIn(declared, statement), batched.tables[at] ?? null, declared.batched),
    );
  };
  const present = [...work.files.keys()].some((file) => file.startsWith(`${folder}/`));
  if (!present || !work.files.has(`${folder}/up.sql`)) {
    work.problems.push({
      code: 'TIER_MISSING',
      ...stated`tier ${{ tier: declared.id }} has no ${{ folder }}/up.sql`,
      fix: `write ${folder}/up.sql, or remove the tier from release.yaml`,
      place,
    });
  }
  const up = work.files.has(`${folder}/up.sql`) ? side('up') : [];
  const hasDown = work.files.has(`${folder}/down.sql`);
  if (!hasDown && declared.oneWay === undefined && !work.isDownOptional) {
    const drafted = downOfTier(up);
    work.problems.push({
      code: 'DOWN_MISSING',
      ...stated`tier ${{ tier: declared.id }} has no ${{ folder }}/down.sql`,
      fix: `write it${drafted === null ? '' : `: ${drafted}`}, or mark the tier \`oneWay: "<reason>"\` in release.yaml`,
      place,
    });
  }
  const down = hasDown ? side('down') : [];
  work.problems.push(...onlyAfterAll({ up, down }));
  if (work.problems.length === before) work.problems.push(...emptyOf(work, { folder, up, down }));
  if (declared.batched !== undefined && work.problems.length === before)
    work.problems.push(...checkBatched(declared, tables.up, work.placeOf(['tiers', index, 'batched'])));
  const checks = work.files.has(`${folder}/check.sql`) ? readSql(work, `${folder}/check.sql`) : [];
  work.problems.push(...checks.flatMap(checkQuery), ...settingsRead(work, checks));
  return {
    id: declared.id as TierId,
    order: Number.parseInt(declared.id, 10),
    title: declared.title,
    transaction: declared.transaction,
    ...(declared.transaction === 'outside' ? { wait: (declared.wait ?? usualWait) as Milliseconds } : {}),
    up,
    down,
    oneWay: declared.oneWay ?? null,
    check: checks.map(({ step }) => step),
    barred: declared.barred ?? null,
    ...(declared.rerunnable ? { rerunnable: true } : {}),
    ...(declared.drafted ? { drafted: true } : {}),
    ...(declared.batched === undefined ? {} : { batched: { ...declared.batched, ...tables } }),
  };
}

/** A step of a tier; the rules have refused what has no probe in an outside tier. */
function stepIn({ transaction }: Pick<Tier, 'transaction'>, statement: Statement): Step {
  if (transaction !== 'outside') return statement.step;
  const probe = probeOf(statement);
  return { ...statement.step, transactional: false, ...(probe.act === null ? {} : { probe }) };
}

function readMetric(work: Work, { name, said }: { name: string; said: Manifest['metrics'][string] }): Metric | null {
  const title = typeof said === 'string' ? said : said.title;
  const file = (typeof said === 'string' ? undefined : said.file) ?? `metrics/${name}.sql`;
  const place = work.placeOf(['metrics', name]);
  if (!work.files.has(file)) {
    work.problems.push({
      code: 'FILE_MISSING',
      ...stated`the metric ${{ name }} has no ${{ file }}`,
      fix: `write ${file}: one SELECT, one number`,
      place,
    });
    return null;
  }
  const before = work.problems.length;
  const [first, ...more] = readSql(work, file);
  if (work.problems.length > before) return null;
  if (first === undefined || more.length > 0) {
    work.problems.push({
      code: 'QUERY_NOT_SELECT',
      ...stated`${{ file }} has ${first === undefined ? 'no statement' : 'more than one statement'}; a metric is one SELECT`,
      fix: 'write one SELECT that returns one number',
      place: { file, line: 1, column: 1 },
    });
    return null;
  }
  work.problems.push(...checkQuery(first), ...settingsRead(work, [first]));
  return { name: name as Branded<string, 'MetricName'>, title, query: first.step };
}
