import type { Moment, OldTable } from './probe.io.ts';
import { briefly, type Sent } from './sent.ts';
import { type Hazard } from './check-result.ts';
import { concurrently } from './in-case-of.ts';
import { cutOffIndex } from './invalid-index.ts';
import { bareName } from './last-part.ts';
import { type NamedTable, namedTable } from './named-table.ts';
import { type UpSeen } from './up-seen.ts';

type Found = Omit<Hazard, 'spot' | 'relation' | 'others' | 'statement' | 'production'>;

/** What blocks others for as long as a statement runs, or changes what they know, beside rewrites and scans of tables. */
export function statementHazards(one: UpSeen['ran'][number], seen: UpSeen): readonly Hazard[] {
  const { sent, moments } = one;
  const say = (relation: string, found: Found): Hazard => ({
    spot: { file: seen.file, line: sent.line },
    relation,
    others: [],
    statement: briefly(sent.sql),
    production: null,
    ...found,
  });
  const earlier = seen.ran.slice(0, seen.ran.indexOf(one)).map((each) => each.sent);
  const found = [
    ...refreshed(sent, seen),
    ...vacuumed(sent, seen),
    ...cutOffIndex(sent, { earlier, old: seen.old }),
  ].map(([name, of]) => say(name, of));
  if (moments === null) return found;
  const [before, after] = moments;
  const measured = seen.ran.flatMap((each) => each.moments ?? []);
  const [begins, ends] = [measured[0] ?? before, measured.at(-1) ?? after];
  for (const table of seen.old) {
    const of = { table, before, after, begins, ends };
    for (const hazard of [...renamed(of, seen), ...updated(of, seen), ...indexDropped(of, sent)])
      found.push(say(table.name, hazard));
  }
  return found;
}

interface Between {
  readonly table: OldTable;
  readonly before: Moment;
  readonly after: Moment;
  /** Before the first statement that was measured, and after the last. */
  readonly begins: Moment;
  readonly ends: Moment;
}

/** A name from before the script that is gone when it ends: what took its place, or a view of that name, serves those who know it. */
function renamed({ table, before, after, begins, ends }: Between, { ran }: UpSeen): readonly Found[] {
  const [first, was, is] = [begins, before, after].map((moment) => moment.tables.get(table.oid) ?? null);
  if (first == null || was == null || is == null) return [];
  const tell = (measured: string, facts: Found['facts']): Found => ({
    code: 'renames',
    level: 'warning',
    measured,
    facts,
    rule: 'what runs with the old name fails from then on: add the new one beside it, deploy what uses that, and drop the old one later',
    safer: null,
  });
  const isBack = [...ends.tables.values()].some((state) => state?.name === was.name);
  const views = ran.flatMap(({ sent: { kind, tree } }) =>
    kind === 'ViewStmt' ? [(tree[kind] as { view?: { relname?: string } }).view?.relname] : [],
  );
  if (was.name !== is.name)
    return was.name !== first.name || isBack || views.includes(bareName(was.name))
      ? []
      : [tell(`${was.name} is now ${is.name}`, { before: was.name, after: is.name })];
  const kept = new Set(Object.values(ends.tables.get(table.oid)?.columns ?? {}));
  return Object.entries(was.columns).flatMap(([number, name]) => {
    const now = is.columns[number];
    return now === undefined || now === name || name !== first.columns[number] || kept.has(name)
      ? []
      : [tell(`column ${name} of ${was.name} is now ${now}`, { before: name, after: now })];
  });
}

function updated({ table, before, after }: Between, { lost }: UpSeen): readonly Found[] {
  const many = (after.tables.get(table.oid)?.updated ?? 0) - (before.tables.get(table.oid)?.updated ?? 0);
  const rows = lost.get(table.oid)?.rows ?? 0;
  if (rows === 0 || many < rows) return [];
  return [
    {
      code: 'updates-all-rows',
      level: 'warning',
      measured: `updates every row of ${table.name} in one transaction: each stays locked until it ends`,
      facts: { updated: many, rows },
      rule: 'fill it in batches, each in a transaction of its own, after the migration that adds the column',
      safer: null,
    },
  ];
}

function indexDropped({ table, before, after }: Between, sent: Sent): readonly Found[] {
  const {
    removeType,
    behavior,
    objects = [],
  } = (sent.tree['DropStmt'] ?? {}) as {
    readonly removeType?: string;
    readonly behavior?: string;
    readonly objects?: readonly unknown[];
  };
  const isLocked = ({ locks }: Moment): boolean =>
    locks.some(([oid, mode]) => oid === table.oid && mode === 'AccessExclusiveLock');
  if (removeType !== 'OBJECT_INDEX' || !isLocked(after) || isLocked(before)) return [];
  return [
    {
      code: 'index-blocks-writes',
      level: 'warning',
      measured: `drops an index of ${table.name} under a lock ACCESS EXCLUSIVE, which waits for every query and lets none begin meanwhile`,
      facts: { lock: 'ACCESS EXCLUSIVE' },
      rule: 'drop the index with CONCURRENTLY, in a migration that its tool runs outside of a transaction',
      safer: objects.length > 1 || behavior === 'DROP_CASCADE' ? null : concurrently(sent.sql),
    },
  ];
}

function refreshed({ kind, tree }: Sent, { filled }: UpSeen): readonly (readonly [string, Found])[] {
  if (kind !== 'RefreshMatViewStmt') return [];
  const { concurrent, relation } = tree[kind] as { readonly concurrent?: boolean; readonly relation?: NamedTable };
  // one without rows, such as a new one, has no readers to wait
  if (concurrent === true || !filled.some((one) => one.rows !== '0' && bareName(one.relation) === relation?.relname))
    return [];
  const name = nameOf(relation);
  return [
    [
      name,
      {
        code: 'refresh-blocks-reads',
        level: 'error',
        measured: `runs the whole query of ${name} under a lock ACCESS EXCLUSIVE: no one can read it meanwhile`,
        facts: { lock: 'ACCESS EXCLUSIVE' },
        rule: 'give it a unique index, and refresh it with CONCURRENTLY',
        safer: null,
      },
    ],
  ];
}

/** VACUUM runs outside of a transaction, where nothing is measured; FULL always writes the table anew. */
function vacuumed({ kind, tree }: Sent, { old }: UpSeen): readonly (readonly [string, Found])[] {
  if (kind !== 'VacuumStmt') return [];
  const { options = [], rels = [] } = tree[kind] as {
    readonly options?: readonly { readonly DefElem?: { readonly defname?: string } }[];
    readonly rels?: readonly { readonly VacuumRelation?: { readonly relation?: NamedTable } }[];
  };
  if (!options.some(({ DefElem: option }) => option?.defname === 'full')) return [];
  const names = rels.map(({ VacuumRelation: one }) => one?.relation?.relname);
  return old
    .filter(({ name }) => names.length === 0 || names.includes(bareName(name)))
    .slice(0, 1)
    .map(({ name }) => [
      name,
      {
        code: 'rewrites-table',
        level: 'error',
        measured: `VACUUM FULL writes ${name} anew under a lock ACCESS EXCLUSIVE`,
        facts: { lock: 'ACCESS EXCLUSIVE' },
        rule: 'a plain VACUUM lets others read and write; pg_repack gives room back to the disk without the lock',
        safer: null,
      },
    ]);
}

function nameOf(of: NamedTable | undefined): string {
  const { schema, table } = namedTable(of);
  return `${schema ?? 'public'}.${table}`;
}
