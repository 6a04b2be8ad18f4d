import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digest, type Instant } from '../../src/core/index.ts';
import { type Connection, sql } from '../../src/database/index.ts';
import { type EvidenceStore, openFolderStore, openPostgresStore } from '../../src/evidence/index.ts';
import { type Version } from '../binaries.io.ts';
import { newest, withDatabase, withSession } from '../database.io.ts';

export const at = '2026-06-03T08:00:00.000Z' as Instant;
export const seal = digest('seal', ['a']);
export const recording = (n: number) => ({ kind: 'gate' as const, seal, body: { n } });

/** A store with the means to damage what it keeps. */
export interface Place {
  /** As oneroof.yaml names it. */
  readonly where: { readonly folder: string } | { readonly connection: Connection };
  readonly open: (keyFile?: string) => EvidenceStore;
  readonly keyFile: string;
  readonly read: () => Promise<{ readonly lines: readonly string[]; readonly checkpoint: string }>;
  readonly write: (lines: readonly string[], checkpoint: string | null) => Promise<void>;
}

export async function inFolder(use: (place: Place) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'evidence-'));
  const [log, checkpoint] = [join(root, 'log.jsonl'), join(root, 'checkpoint')];
  await use({
    where: { folder: root },
    open: (keyFile) => openFolderStore(root, { keyFile: keyFile ?? null }),
    keyFile: join(root, 'key'),
    read: async () => ({
      lines: readFileSync(log, 'utf8').split('\n').slice(0, -1),
      checkpoint: readFileSync(checkpoint, 'utf8'),
    }),
    write: async (lines, head) => {
      writeFileSync(log, lines.map((line) => `${line}\n`).join(''));
      if (head === null) rmSync(checkpoint);
      else writeFileSync(checkpoint, head);
    },
  });
  rmSync(root, { recursive: true });
}

export const inPostgres = (version: Version) => async (use: (place: Place) => Promise<void>) => {
  const folder = mkdtempSync(join(tmpdir(), 'evidence-'));
  const own = join(folder, 'key');
  await withDatabase(version, (connection) =>
    use({
      where: { connection },
      open: (keyFile) => openPostgresStore(connection, { keyFile: keyFile ?? own }),
      keyFile: own,
      read: () =>
        withSession(connection, async (session) => {
          const lines = await session.query<{ line: string }>(
            sql`select line from oneroof_evidence.lines order by index`,
          );
          const [head] = await session.query<{ checkpoint: string }>(sql`select checkpoint from oneroof_evidence.head`);
          return { lines: lines.map(({ line }) => line), checkpoint: head?.checkpoint ?? '' };
        }),
      write: (lines, head) =>
        withSession(connection, async (session) => {
          await session.query(sql`delete from oneroof_evidence.lines`);
          for (const [n, line] of lines.entries())
            await session.query(sql`insert into oneroof_evidence.lines values (${n}, ${line})`);
          await session.query(sql`update oneroof_evidence.head set checkpoint = ${head}`);
        }),
    }),
  );
  rmSync(folder, { recursive: true });
};

export const places = [
  ['a folder', inFolder] as const,
  ...newest.map((version) => [`PostgreSQL ${version}`, inPostgres(version)] as const),
];
