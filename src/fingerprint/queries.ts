import type { CatalogQuery } from './catalog.ts';
import { others, routines, schemas, types } from './objects.sql.ts';
import {
  columns,
  constraints,
  indexes,
  policies,
  relations,
  rules,
  sequences,
  statistics,
  triggers,
} from './relations.sql.ts';

/** One query for each kind of object. */
export const catalogQueries: readonly CatalogQuery[] = [
  schemas,
  relations,
  columns,
  constraints,
  indexes,
  sequences,
  triggers,
  rules,
  policies,
  statistics,
  routines,
  types,
  ...others,
];
