import { digest, type Milliseconds } from '../../src/core/index.ts';
import {
  type Release,
  type ReleaseName,
  type Seal,
  type SealedRelease,
  type Step,
  type Tier,
  type TierId,
} from '../../src/release/index.ts';

/** A step as the parser would give it, for SQL that is one statement. */
export function step(text: string, file: string): Step {
  return {
    sql: text,
    digest: digest('step', [text]),
    kind: 'Stmt',
    title: text.split(/\s+/).slice(0, 2).join(' '),
    place: { file, line: 1, column: 1 },
    transactional: !/concurrently/i.test(text),
  };
}

/** A tier from its statements. */
export function tier(id: string, sql: { readonly up: readonly string[]; readonly down: readonly string[] }): Tier {
  return {
    id: id as TierId,
    order: Number(id.split('-')[0]),
    title: id,
    transaction: sql.up.some((text) => /concurrently/i.test(text)) ? 'each' : 'single',
    up: sql.up.map((text) => step(text, `tiers/${id}/up.sql`)),
    down: sql.down.map((text) => step(text, `tiers/${id}/down.sql`)),
    oneWay: null,
    check: [],
    barred: null,
  };
}

/** A sealed release around its tiers. */
export function sealed(tiers: readonly Tier[], more: Partial<Release> = {}): SealedRelease {
  return {
    seal: digest('seal', ['test']) as Seal,
    release: {
      folder: '.',
      name: 'test' as ReleaseName,
      title: 'test',
      summary: '',
      database: 'test',
      touches: ['public.*'],
      varies: [],
      requires: 'logical',
      authors: [],
      settings: {
        lockTimeout: 2000 as Milliseconds,
        statementTimeout: 60_000 as Milliseconds,
        searchPath: ['public'],
        role: null,
      },
      budgets: { lock: null, total: null },
      tiers,
      metrics: [],
      invariants: { greenfield: {}, finalized: {}, always: {} },
      gates: [],
      options: [],
      allows: {},
      after: { rollout: [], rollback: [] },
      next: [],
      ...more,
    },
  };
}
