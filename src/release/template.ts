/** What a new release says of itself. */
interface NewRelease {
  /** A slug, so that it can be in quotes. */
  readonly name: string;
  /** Where an editor finds the JSON Schema: a URL, or a path relative to release.yaml. */
  readonly schema: string;
  /** The database that it is for, as a value of YAML. */
  readonly database: string;
}

/** The files of a new release, by path: small, whole, and explained. */
export function releaseTemplate(release: NewRelease): ReadonlyMap<string, string> {
  return new Map([
    ['release.yaml', manifest(release)],
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
    '-- The statements of this tier, in the order in which they run. Replace this one, which does nothing.\nSELECT 1;\n',
  ],
  [
    'down.sql',
    '-- The rollback: it undoes up.sql, last statement first. Replace this one, which does nothing.\nSELECT 1;\n',
  ],
]);

const manifest = ({ name, schema, database }: NewRelease): string => `# yaml-language-server: $schema=${schema}
# A release: what will run, in which order, and what must hold before and after.
# docs/reference/release-yaml.md describes every key. Next: oneroof lint, oneroof seal, oneroof rehearse.
format: 1
name: "${name}"
title: A new release
summary: ""

# The database that the release is for.
database: ${database}

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

# A gate holds a tier back until a metric of production has the value that people agreed on.
# gates:
#   - { id: ratified, title: Ratified by the owners, metric: approvals, atLeast: 1, before: 1-first }
`;

const up = `-- The statements of this tier. One Roof opens and ends the transaction.
CREATE TABLE public.example (
  id bigint PRIMARY KEY,
  title text NOT NULL
);
`;

const down = `-- The rollback: it restores the state before up.sql.
DROP TABLE public.example;
`;

const check = `-- Each returned row is a violation. Here: an empty title.
SELECT id FROM public.example WHERE title = '';
`;

const rows = `-- One SELECT, one number. It also runs before the table exists, so it reads the catalogue.
SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'public' AND tablename = 'example';
`;
