/** The table in which each tool keeps its history where its own setting names no other one; src/import/tool-histories.ts reads them. */
export const historyNames: Readonly<Record<string, string>> = {
  'golang-migrate': 'schema_migrations',
  goose: 'goose_db_version',
  dbmate: 'schema_migrations',
  supabase: 'supabase_migrations.schema_migrations',
  diesel: '__diesel_schema_migrations',
  hasura: 'hdb_catalog.schema_migrations',
  refinery: 'refinery_schema_history',
  'sql-migrate': 'gorp_migrations',
  sqlx: '_sqlx_migrations',
  atlas: 'atlas_schema_revisions',
  popx: 'schema_migration',
  prisma: '_prisma_migrations',
  'graphile-migrate': 'graphile_migrate.migrations',
  'node-pg-migrate': 'pgmigrations',
  sqitch: 'sqitch.changes',
  flyway: 'flyway_schema_history',
  drizzle: 'drizzle.__drizzle_migrations',
  liquibase: 'databasechangelog',
};

/** The tools that keep their history in a table of this name (`schema.name`, quoted as in SQL). */
export function toolsRecordingIn(relation: string): readonly string[] {
  return Object.entries(historyNames).flatMap(([tool, table]) =>
    relation === table || (!table.includes('.') && relation.endsWith(`.${table}`)) ? [tool] : [],
  );
}
