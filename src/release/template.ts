/** The files of a new release, by path: small, whole, and explained. Its name is a slug, so that it can stand in quotes. */
export function releaseTemplate(name: string): ReadonlyMap<string, string> {
  return new Map([
    ['release.yaml', manifest(name)],
    ['tiers/1-first/up.sql', up],
    ['tiers/1-first/down.sql', down],
    ['tiers/1-first/check.sql', check],
    ['metrics/rows.sql', rows],
  ]);
}

/** The files of a new tier, by their name in its folder: it passes as it is, and does nothing. */
export const tierTemplate: ReadonlyMap<string, string> = new Map([
  [
    'up.sql',
    '-- The way forward: the statements of this tier, in order. Replace this one, which does nothing.\nSELECT 1;\n',
  ],
  [
    'down.sql',
    '-- The way back: it undoes up.sql, last statement first. Replace this one, which does nothing.\nSELECT 1;\n',
  ],
]);

const manifest = (
  name: string,
): string => `# A release: what will run, in which order, and what must hold before and after.
# docs/FORMAT.md describes every key. Next: oneroof lint, oneroof seal, oneroof rehearse.
format: 1
name: "${name}"
title: A new release
summary: ""

# The database that the release is for.
database: app

# The tables that the release touches, as schema.table.
touches:
  - public.example

# How long a statement may wait for a lock, and how long it may run.
settings:
  lockTimeout: 2s
  statementTimeout: 5min
  searchPath: [public]

# Each metric is one SELECT that returns one number: metrics/<name>.sql.
metrics:
  rows: tables named public.example

# What the metrics must be before the first tier (greenfield) and after the last (finalized).
# A number, or { atLeast, atMost }. \`always\` must hold before and after every tier.
invariants:
  greenfield: { rows: 0 }
  finalized: { rows: 1 }

# The tiers in order, each in tiers/<id>/ with up.sql, down.sql and, if you like, check.sql.
# Another one: oneroof new tier <release> <name>
tiers:
  - id: 1-first
    title: The first tier

# A gate holds a tier back until a metric of production says that people have agreed.
# gates:
#   - { id: ratified, title: Ratified by the owners, metric: approvals, atLeast: 1, before: 1-first }
`;

const up = `-- The way forward. One Roof opens and ends the transaction.
CREATE TABLE public.example (
  id bigint PRIMARY KEY,
  title text NOT NULL
);
`;

const down = `-- The way back: after it the database is as it was before up.sql.
DROP TABLE public.example;
`;

const check = `-- Each row that comes back is a violation. Here: a title that says nothing.
SELECT id FROM public.example WHERE title = '';
`;

const rows = `-- One SELECT, one number. It is read before the table is there, so it asks the catalogue.
SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'public' AND tablename = 'example';
`;
