import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { canonicalJson, digest } from '../../src/core/index.ts';
import { ofKind } from '../../src/evidence/index.ts';
import { type Footprint } from '../../src/fingerprint/index.ts';
import { registryOf, release } from '../gate/cycle.io.ts';
import { note } from '../gate/footprint.io.ts';
import { openFolderStore } from '../../src/evidence/index.ts';
import { readable } from '../../src/evidence-kinds/index.ts';
import { runSql } from '../database.io.ts';
import { binFolder, shell } from './people.io.ts';
import { type Desk, withDesk } from './session.io.ts';

/** A verdict, as every command gives it to programs. */
interface Said {
  readonly decision: 'GO' | 'NO-GO' | 'DONE';
  readonly runs: readonly string[];
  readonly reasons: readonly { readonly code: string; readonly fix: string; readonly text: string }[];
}
interface Standing {
  readonly gate: string;
  readonly verdict: Said;
}
interface Answers {
  readonly verdict: Said | { readonly up: Said; readonly down: Said };
  readonly prompts?: readonly { readonly standing: Standing }[];
  readonly runbooks?: readonly { readonly standing: Standing }[];
  readonly reports?: readonly {
    readonly execution: { readonly status: string; readonly reasons: readonly string[] };
  }[];
  readonly dossiers?: readonly { readonly verdict: { readonly up: Said; readonly down: Said } }[];
  readonly reasons: readonly string[];
  readonly result: string;
}

/** A column that came and went leaves its number behind, which no client can tell. */
const files = {
  ...release,
  'tiers/2-table/up.sql': 'create table n (i integer);\nalter table t add column seen integer;\n',
  'tiers/2-table/down.sql': 'alter table t drop column seen;\ndrop table if exists n;\n',
};

/** Runs commands at a desk. */
function at({ home: folder }: Desk) {
  const bin = binFolder();
  const run = async (line: string): Promise<number | null> => (await shell(`oneroof ${line}`, { folder, bin })).status;
  const json = async (verb: string): Promise<{ readonly status: number | null; readonly data: Answers }> => {
    const { status, stdout } = await shell(`oneroof ${verb} --json release`, { folder, bin });
    return { status, data: (stdout === '' ? {} : JSON.parse(stdout)) as Answers };
  };
  /** All that look, in the same state: one answer. */
  const look = async (): Promise<Said> => {
    const gate = await json('gate');
    const verdict = gate.data.verdict as { readonly up: Said; readonly down: Said };
    const { up: said } = verdict;
    const dossier = await json('dossier');
    expect([dossier.status, dossier.data.dossiers?.[0]?.verdict]).toEqual([0, verdict]);
    const [report, summary, dry, ...papers] = await Promise.all(
      ['report', 'summary', 'rollout --dry-run', 'prompt', 'runbook'].map(json),
    );
    if (report === undefined || dry === undefined) throw new Error('nothing was asked');
    const [{ execution } = { execution: { status: 'none', reasons: [] } }] = report.data.reports ?? [];
    for (const { text, code } of said.reasons)
      if (code !== 'not-ratified') expect(execution.reasons.join('\n')).toContain(text);
    const standings = papers.map(({ data }) => (data.prompts ?? data.runbooks)?.[0]?.standing);
    for (const standing of standings) {
      expect(standing?.verdict.reasons).toEqual(said.reasons);
      expect(standing?.gate).toBe({ GO: 'open', 'NO-GO': 'closed', DONE: 'done' }[said.decision]);
    }
    const told = [execution.status, ...standings.map((standing) => standing?.verdict.decision)];
    const pressed = dry.data.verdict as Said;
    expect([...told, pressed.decision]).toEqual(Array(4).fill(said.decision));
    // the observer adds what it found by itself where the gate does not measure, or is not asked
    const own = said.reasons[0]?.code === 'not-ratified' ? ['unmet', 'schema'] : ['unmet'];
    const codes = (of: Said): readonly string[] =>
      of.reasons.map(({ code }) => code).filter((one) => !own.includes(one));
    expect(codes(pressed)).toEqual(codes(said));
    expect(dry.status).toBe(said.decision === 'NO-GO' ? 1 : 0);
    const exits = [gate, report, summary, ...papers].map((one) => one?.status);
    expect(exits).toEqual(exits.map(() => (said.decision === 'GO' ? 0 : 1)));
    for (const { fix } of said.reasons) expect(fix).not.toBe('');
    return said;
  };
  /** Presses the button: it does what the look said. */
  const press = async (said: Said, verb = 'rollout'): Promise<void> => {
    const { status, data } = await json(verb);
    expect(status).toBe(said.decision === 'NO-GO' ? 1 : 0);
    if (said.decision === 'NO-GO') expect(data.reasons[0]).toContain(said.reasons[0]?.text);
    else expect(data.result).toBe(said.decision === 'DONE' ? 'nothing-to-do' : 'done');
  };
  return { json, run, look, press };
}

const first = (said: Said): string => `${said.decision} ${said.reasons[0]?.code ?? ''}`.trim();

it(
  'every command gives the same answer in the same state, and the button does what it says',
  { timeout: 600_000 },
  () =>
    withDesk(
      async (desk) => {
        const { gated, home, deeds } = desk;
        const { run, look, press, json } = at(desk);
        const admin = (...texts: readonly string[]): Promise<unknown> => runSql(gated.database, texts);
        const ratify = async (by = [gated.people.ana, gated.people.ben]): Promise<void> => {
          const store = readable(openFolderStore(join(home, '.oneroof', 'evidence')));
          const rehearsal = ofKind(await store.of(gated.sealed.seal), 'rehearsal').at(-1);
          if (rehearsal?.readable !== true) throw new Error('it was not rehearsed');
          const evidence = [{ kind: 'rehearsal', digest: rehearsal.entry.digest }];
          const { endedAt: rehearsedAt, footprint } = rehearsal.body;
          const target = { schema: note(footprint as Footprint) };
          await gated.ratify(await gated.ratification({ evidence, rehearsedAt }, target), by, target);
          // as `oneroof ratify` does, which people sign at
          expect(await run(`bundle release --out ${randomUUID()}.json`)).toBe(0);
        };
        await deeds['oneroof.yaml is filled in']?.();
        await deeds['a release is written']?.();
        await deeds['the owners are ready']?.();
        expect(await run('seal release')).toBe(0);
        expect(await run('rehearse release')).toBe(0);

        // no seat is filled
        let said = await look();
        expect(first(said)).toBe('NO-GO not-ratified');
        await press(said);
        await admin('create index early on public.t (i)');
        expect((said = await look()).reasons.map(({ code }) => code)).toContain('schema');
        await press(said);
        await admin('drop index public.early');
        await ratify([gated.people.ana]);
        expect(first((said = await look()))).toBe('NO-GO seats');
        await press(said);
        await ratify();
        expect(first((said = await look()))).toBe('GO');

        // production drifts, and is as it was again
        await admin('set role app_owner', 'create table public.stray (i integer)');
        expect(first((said = await look()))).toBe('GO');
        await admin('create index stray_index on public.t (i)');
        expect(first((said = await look()))).toBe('NO-GO schema');
        await press(said);
        await admin('drop index public.stray_index');

        // the registry changes, and changes back
        const other = canonicalJson({ ...registryOf(Object.values(gated.people)), version: 2 });
        await admin(
          `insert into gate.documents (kind, digest, body) values ('registry', '${digest('registry', [other])}', '${other}')`,
        );
        expect(first((said = await look()))).toBe('NO-GO registry');
        await press(said);
        await admin(`delete from gate.documents where digest = '${digest('registry', [other])}'`);

        // the gate is not as it was installed
        await admin('grant execute on function gate.attempt() to public');
        expect(first((said = await look()))).toBe('NO-GO intact');
        await press(said);
        await admin('revoke execute on function gate.attempt() from public');

        // data: an invariant of the beginning, and a data gate before a later tier
        await admin('insert into public.t values (9)');
        expect(first((said = await look()))).toBe('NO-GO invariant');
        await press(said);
        await admin('delete from public.t where i = 9');
        await admin('delete from public.readiness');
        expect(first((said = await look()))).toBe('NO-GO data-gate');
        expect(said.runs).toEqual(['1-rows']);
        await press(said);
        // half way: it is the next tier now
        expect(first((said = await look()))).toBe('NO-GO data-gate');
        expect(said.runs).toEqual([]);
        await press(said);
        await admin('insert into public.readiness values (1)');
        expect(first((said = await look()))).toBe('GO');
        await press(said);

        // rolled out: nothing to do, while schema and invariants show that it is there
        expect(first((said = await look()))).toBe('DONE');
        await press(said);
        await admin('delete from public.t where i = 3');
        expect(first((said = await look()))).toBe('NO-GO invariant');
        await press(said);
        await admin('insert into public.t values (3)');

        // rolled back: the ratification is used up, and the one that was never signed to the end is what counts now
        const back = await json('rollback --dry-run');
        expect(first(back.data.verdict as Said)).toBe('GO');
        await press(back.data.verdict as Said, 'rollback');
        expect(first((said = await look()))).toBe('NO-GO seats');
        await press(said);
        await press((await json('rollback --dry-run')).data.verdict as Said, 'rollback');

        // a second ratification rests on the same rehearsal: it never runs while something of what was rehearsed is another
        await admin('create index left_behind on public.t (i)');
        await ratify();
        expect(first((said = await look()))).toBe('NO-GO schema');
        await press(said);
        await admin('drop index public.left_behind');
        expect(first((said = await look()))).toBe('GO');
        await press(said);

        // there is no gate
        await admin('drop schema gate cascade');
        const none = await json('gate');
        expect([none.status, first((none.data.verdict as { readonly up: Said }).up)]).toEqual([1, 'NO-GO unread']);
        const beside = (await json('dossier')).data.dossiers?.[0]?.verdict;
        expect(beside === undefined ? 'none' : first(beside.up)).toBe('NO-GO unread');
        for (const paper of ['prompt', 'runbook']) {
          const { data } = await json(paper);
          expect((data.prompts ?? data.runbooks)?.[0]?.standing.gate).toBe('closed');
        }
        expect([(await json('report')).status, (await json('summary')).status]).toEqual([1, 1]);
        for (const verb of ['rollout', 'rollback'])
          expect([await run(`${verb} release --dry-run`), await run(`${verb} release`)]).not.toContain(0);
      },
      { files },
    ),
);
