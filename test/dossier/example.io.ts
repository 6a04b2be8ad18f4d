import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digest, now } from '../../src/core/index.ts';
import { observerStatements } from '../../src/database/index.ts';
import { loadExample, exampleFolder } from '../../src/demo/demo-production.io.ts';
import { type ProductionReading, readProduction } from '../../src/dossier/index.ts';
import { type EvidenceKind, readBody } from '../../src/evidence/index.ts';
import { type KnownEvidence, readers } from '../../src/evidence-kinds/index.ts';
import { type Rehearsal, rehearse, rehearsedSchema } from '../../src/rehearsal/index.ts';
import { type SealedRelease, sealRelease } from '../../src/release/index.ts';
import { runSql, serverConnection } from '../database.io.ts';
import { withHost } from '../rehearsal/host.io.ts';

/** The worked example, sealed, rehearsed on a real server, and its production as an observer reads it. */
export interface ExampleFacts {
  readonly sealed: SealedRelease;
  readonly rehearsal: Rehearsal;
  readonly reading: ProductionReading;
}

/** Rehearses the worked example once and looks at its production. */
export async function rehearseExample(): Promise<ExampleFacts> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-dossier-'));
  try {
    cpSync(exampleFolder(), folder, { recursive: true });
    const sealed = await sealRelease(folder);
    return await withHost([], ({ host }) =>
      host.readGolden(async (source) => {
        await loadExample(source);
        const role = `o_${source.database}`;
        // before the copy is made: what the role is granted is a part of the schema
        await runSql(source, observerStatements(role, ['public']));
        try {
          const rehearsal = await rehearse({ release: sealed, host, owner: 'test' });
          const { schemaBefore = null } = rehearsal;
          const reading = await readProduction({
            release: sealed,
            target: { name: 'trial', observer: { ...source, user: role } },
            at: now(),
            rehearsed: { of: rehearsedSchema(rehearsal), schema: schemaBefore },
          });
          return { sealed, rehearsal, reading };
        } finally {
          await runSql(source, [`drop owned by ${role}`]);
          await runSql(serverConnection('18'), [`drop role ${role}`]);
        }
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Evidence as a store gives it. */
export function evidenceOf(
  sealed: SealedRelease,
  bodies: readonly (readonly [kind: EvidenceKind, body: unknown])[],
): readonly KnownEvidence[] {
  return bodies.map(([kind, body], index) =>
    readBody(
      {
        entry: {
          index,
          kind,
          digest: digest('evidence', [kind, JSON.stringify(body)]),
          seal: sealed.seal,
          recordedAt: now(),
          size: 1,
        },
        readable: true,
        // as it is read back from canonical JSON
        body: JSON.parse(JSON.stringify(body)) as unknown,
      },
      readers,
    ),
  );
}
