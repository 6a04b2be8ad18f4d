import { beforeAll, describe, expect, it } from 'vitest';
import { type Instant, type Milliseconds } from '../../src/core/index.ts';
import { dossierTiers } from '../../src/dossier/measures.ts';
import { statements } from '../../src/dossier/page/statements.ts';
import { type DossierView } from '../../src/dossier/page/view.ts';
import { type Rehearsal } from '../../src/rehearsal/index.ts';
import { explainProbe, type Probe, type SealedRelease, sealRelease } from '../../src/release/index.ts';
import { buildReport, type ReleaseContext, toHtml, toMarkdown, toRunbook, toSummary } from '../../src/report/index.ts';
import { withFolder } from '../release/folder.io.ts';

const at = '2026-06-03T08:00:00.000Z' as Instant;
const day = 86_400_000 as Milliseconds;

const files = (transaction: string): Readonly<Record<string, string>> => ({
  'release.yaml': `format: 1\nname: r\ntitle: R\ndatabase: shop\ntiers:\n  - { id: 1-built, title: Built, transaction: ${transaction} }\n`,
  'tiers/1-built/up.sql': transaction.startsWith('outside')
    ? 'create index concurrently "t_i" on app.t (i);\nvacuum t;\n'
    : 'select 1;\n',
  'tiers/1-built/down.sql': transaction.startsWith('outside')
    ? 'drop index concurrently if exists t_i;\n'
    : 'select 1;\n',
});

/** Nothing was measured: the pages say it by the release alone. */
const rehearsal = { stages: [], golden: {} } as unknown as Rehearsal;

/** Every text of a release, by its name. */
function textsOf(sealed: SealedRelease): Readonly<Record<string, string>> {
  const report = buildReport({
    release: sealed,
    evidence: [],
    policy: { rehearsalMaxAge: day, gateMaxAge: day },
    now: at,
    hrefOf: () => 'x',
  });
  const occasion = {
    sealed,
    target: 'production',
    folder: 'r',
    workIn: null,
    report,
    reading: { rows: { state: 'unread', why: 'no one asked' }, verdict: { decision: 'OPEN' } },
    ratifications: { state: 'unread', why: 'no one asked' },
  } as unknown as ReleaseContext;
  const tiers = dossierTiers(sealed.release, rehearsal);
  const view = {
    dossier: { tiers, rehearsal: { golden: {} } },
    pieces: (text: string) => [{ kind: 'plain', text }],
  } as unknown as DossierView;
  return {
    markdown: toMarkdown(report),
    html: toHtml(report),
    summary: toSummary([report], null),
    runbook: toRunbook(occasion),
    page: statements(view).markup,
  };
}

const sealedAs = (transaction: string): Promise<SealedRelease> => withFolder(files(transaction), sealRelease);
let outside: SealedRelease;
let each: SealedRelease;
beforeAll(async () => {
  outside = await sealedAs('outside, wait: 90s');
  each = await sealedAs('each');
});

describe('a tier outside of any transaction', () => {
  it('is named as such on every page, with how long it may wait', () => {
    const texts = textsOf(outside);
    for (const [name, text] of Object.entries(texts)) expect(text, name).toContain('outside of any transaction');
    for (const name of ['markdown', 'html', 'runbook', 'page']) expect(texts[name], name).toMatch(/1 min 30 s/);
    for (const [name, text] of Object.entries(textsOf(each))) expect(text, name).not.toContain('outside of any');
  });

  it('shows how each statement is decided, to those who ratify it and to those who run it', () => {
    const { page, runbook } = textsOf(outside);
    for (const text of [page ?? '', (runbook ?? '').replaceAll('\\', '')]) {
      expect(text).toMatch(/whether index ("|&#34;)app("|&#34;)\.("|&#34;)t_i("|&#34;) is there and valid/);
      expect(text).toContain('the gate drops it and builds it again');
      expect(text).toContain('VACUUM of');
    }
    expect(runbook).toContain('down 1: ');
  });
});

describe('the words for a probe', () => {
  const hostile = 'x\u202e\nGO';
  it.each<Probe>([
    { act: 'create-index', schema: hostile, table: hostile, name: hostile },
    { act: 'drop-index', schema: null, name: hostile, missingOk: true },
    { act: 'reindex', object: 'table', schema: hostile, name: hostile },
    { act: 'detach', schema: null, table: hostile, partitionSchema: hostile, partition: hostile },
    { act: 'finalize', schema: null, table: hostile, partitionSchema: null, partition: hostile },
    { act: 'vacuum', schema: null, name: hostile },
  ])('of $act are one line that shows what is invisible', (probe) => {
    const text = explainProbe(probe);
    expect(text).toMatch(/^the /);
    expect(text).not.toMatch(/[\u202e\n]/);
    expect(text).toContain('x\\u{202e}\\nGO');
  });
});
