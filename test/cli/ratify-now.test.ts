import { expect, it } from 'vitest';
import { statementDigest } from '../../src/evidence/index.ts';
import { show } from '../../src/dossier/index.ts';
import { type Dossier } from '../../src/dossier/dossier.ts';
import { ofKind } from '../../src/evidence/index.ts';
import { parseStatement } from '../../src/people/index.ts';
import { runSql, withDatabase } from '../database.io.ts';
import { withPlace } from '../runbooks/place.io.ts';
import { signOn } from '../signing/desk.io.ts';
import { type Shown } from './people.io.ts';

interface Said {
  readonly decision: string;
  readonly direction: string;
  readonly runs: readonly string[];
  readonly reasons: readonly { readonly code: string; readonly text: string; readonly fix: string }[];
  readonly notAsked: readonly string[];
}

/** A page as a person reads it. */
async function read({ url }: Pick<Shown, 'url'>): Promise<string> {
  const page = await (await fetch(url)).text();
  return page.replace(/&#(\d+);/g, (_, number: string) => String.fromCharCode(Number(number)));
}

/** The part of a page that is read now. */
const nowOn = (page: string): string => /<section id="now">.*?<\/section>/s.exec(page)?.[0] ?? '';

it(
  'shows beside the dossier, in the terminal and on the page, what a rollout would do now, and signs none of it',
  { timeout: 300_000 },
  () =>
    withDatabase('18', (database) =>
      withPlace('18', { database }, async ({ type, gated, store }) => {
        const { ana, ben } = gated.people;
        // the dossier is what is signed; the verdict is beside it
        const dossiers = async () => {
          const { stdout } = await type('oneroof dossier release --json');
          const [one] = (
            JSON.parse(stdout) as {
              dossiers: readonly { dossier: Dossier; digest: string; verdict: { up: Said; down: Said } }[];
            }
          ).dossiers;
          if (one === undefined) throw new Error('there is no dossier');
          return one;
        };
        await runSql(database, ['insert into public.readiness values (1)']);
        const open = await dossiers();
        expect(open.verdict.up).toMatchObject({ decision: 'GO', runs: ['1-rows', '2-table'], reasons: [] });
        expect(open.verdict.down).toMatchObject({ decision: 'DONE', reasons: [] });
        expect(show(open.dossier).digest).toBe(open.digest);
        await runSql(database, ['create index stray on public.t (i)']);
        const drifted = await dossiers();
        expect(drifted.verdict.up.decision).toBe('NO-GO');
        expect(show(drifted.dossier).digest).toBe(drifted.digest);
        const printed = (await type('oneroof dossier release')).stdout;
        const [dossier = '', beside = ''] = printed.split('Read now, and not part of what is signed: production at ');
        expect(beside).toMatch(/rollout: BLOCKED: schema: index public\.stray did not exist in rehearsal/);
        expect(beside).toMatch(/ {4}next: the text names what differs/);
        expect(beside).toMatch(/rollout: not asked: .*\bexecutor\b.*\bsession\b/);
        expect(beside).toMatch(/rollback: DONE: nothing is in place/);
        expect(dossier).not.toContain('BLOCKED');
        await runSql(database, ['drop index public.stray']);

        // the page reads it again for each person, and what they sign does not change
        const pages: string[] = [];
        const ratified = await type('oneroof ratify release --json', async (shown) => {
          pages.push(await read(shown));
          expect(await signOn(shown.said, gated, ana)).toMatchObject({ ok: true });
          await runSql(database, ['insert into public.t values (9)']);
          await expect
            .poll(async () => nowOn(await read(shown)), { timeout: 30_000, interval: 1000 })
            .toContain('BLOCKED');
          pages.push(await read(shown));
          await runSql(database, ['delete from public.t where i = 9']);
          expect(await signOn(shown.said, gated, ben)).toMatchObject({ ok: true });
        });
        expect(ratified.status, ratified.stderr).toBe(0);
        const [first = '', second = ''] = pages.map(nowOn);
        expect(first).toContain('It is not part of what you sign.');
        expect(first).toContain('1-rows, 2-table may be rolled out');
        expect(second).toMatch(/BLOCKED<\/span> invariant: /);
        expect(second).toContain('Next: stop; call the author');
        const statement = (page: string): string => /<code id="statement">.*?<\/code>/.exec(page)?.[0] ?? '';
        expect(statement(pages[1] ?? '')).toBe(statement(pages[0] ?? 'none'));
        expect(ratified.stderr).toContain('Read now, and not part of what is signed: production at ');
        const answer = JSON.parse(ratified.stdout) as { statement: string; verdict: Said };
        expect(answer.verdict).toMatchObject({ direction: 'up', decision: 'GO', runs: ['1-rows', '2-table'] });
        expect(answer.verdict.notAsked).toContain('executor');
        const proposal = ofKind(await store.of(gated.sealed.seal), 'proposal').find(
          (one) => one.readable && statementDigest(one.body.body) === answer.statement,
        );
        const signed = proposal?.readable === true ? parseStatement(proposal.body.body) : null;
        if (signed?.ok !== true || signed.statement.kind !== 'ratification') throw new Error('nothing was signed');
        const { dossier: named } = signed.statement.predicate;
        const shown = ofKind(await store.of(gated.sealed.seal), 'dossier').find(
          (one) => one.readable && one.body.digest === named,
        );
        expect(shown?.readable === true && show(shown.body.dossier).text).not.toMatch(/may be rolled out|BLOCKED/);
      }),
    ),
);
