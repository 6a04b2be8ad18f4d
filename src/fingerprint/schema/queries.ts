import type { CatalogQuery } from './catalog.ts';
import { databaseQueries } from './database.sql.ts';
import { exchangeQueries } from './exchange.sql.ts';
import { operatorQueries } from './operators.sql.ts';
import {
  columns,
  constraints,
  indexes,
  policies,
  relations,
  ruleQuery,
  sequences,
  statistics,
  triggers,
} from './relations.sql.ts';
import { systemQueries } from './system.sql.ts';
import { textQueries } from './text.sql.ts';
import { routines, types } from './types.sql.ts';

/** One query for each kind of object. */
export const catalogQueries: readonly CatalogQuery[] = [
  relations,
  columns,
  constraints,
  indexes,
  sequences,
  triggers,
  ruleQuery,
  policies,
  statistics,
  routines,
  types,
  ...operatorQueries,
  ...textQueries,
  ...exchangeQueries,
  ...databaseQueries,
  ...systemQueries,
];
