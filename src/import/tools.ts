import { atlas } from './atlas.ts';
import { dbmate } from './dbmate.ts';
import { diesel } from './diesel.ts';
import { drizzle } from './drizzle.ts';
import { flyway } from './flyway.ts';
import { golangMigrate } from './golang-migrate.ts';
import { goose } from './goose.ts';
import { graphileMigrate } from './graphile-migrate.ts';
import { hasura } from './hasura.ts';
import { liquibase } from './liquibase.ts';
import { nodePgMigrate } from './node-pg-migrate.ts';
import { numberedFiles } from './numbered-files.ts';
import { popx } from './popx.ts';
import { prisma } from './prisma.ts';
import { refinery } from './refinery.ts';
import { sqitch } from './sqitch.ts';
import { sqlMigrate } from './sql-migrate.ts';
import { sqlx } from './sqlx.ts';
import { supabase } from './supabase.ts';
import { type MigrationTool } from './tool.ts';

/** Every tool whose migrations are read. */
export const tools: readonly MigrationTool[] = [
  golangMigrate,
  goose,
  dbmate,
  flyway,
  prisma,
  drizzle,
  supabase,
  sqlx,
  atlas,
  diesel,
  graphileMigrate,
  nodePgMigrate,
  sqitch,
  refinery,
  liquibase,
  popx,
  hasura,
  sqlMigrate,
  numberedFiles,
];
