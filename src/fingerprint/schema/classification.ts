import { databaseCatalogs } from './classification.database.ts';
import { programCatalogs } from './classification.programs.ts';
import { relationCatalogs } from './classification.relations.ts';
import type { CatalogClasses } from './classified.ts';

/**
 * What becomes of every column of every catalogue of PostgreSQL 14 to 18: the proof that the fingerprint leaves nothing out unsaid.
 * PostgreSQL's own objects (what initdb makes) are covered by their privileges and by a hash for each catalogue, strictly.
 *
 * Source  PostgreSQL manual, "System Catalogs".
 */
export const classification: Readonly<Record<string, CatalogClasses>> = {
  ...relationCatalogs,
  ...programCatalogs,
  ...databaseCatalogs,
};
