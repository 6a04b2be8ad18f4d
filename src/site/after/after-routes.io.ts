import { z } from 'zod';
import { sql } from '../../database/index.ts';
import { type ReleaseContext } from '../../report/index.ts';
import { type SiteServices } from '../site-services.ts';
import { notFound, type Route } from '../room.ts';
import { type State } from '../state/index.ts';
import { afterIn, type AfterView } from './after-html.ts';

const form = z.object({
  statement: z.string(),
  direction: z.enum(['up', 'down']),
  step: z.coerce.number().int().nonnegative(),
  done: z.literal('on'),
});

/** The remaining steps by hand for the cycle of a target, and which are acknowledged; null if there are none. */
export async function readAfter(
  { pool }: Pick<State, 'pool'>,
  occasion: Pick<ReleaseContext, 'target' | 'ratifications' | 'sealed'>,
): Promise<AfterView | null> {
  const found = afterIn(occasion);
  if (found === null) return null;
  const { statement, direction } = found;
  const rows = await pool.use((session) =>
    session.query<{ step: string; at: string }>(sql`
      select step::text as step, to_char(made_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
      from oneroof_server.acknowledged where (target, statement, direction) = (${occasion.target}, ${statement}, ${direction})`),
  );
  const at = new Map(rows.map((row) => [Number(row.step), row.at]));
  const steps = found.steps.map((step, index) => ({ ...step, acknowledged: at.get(index) ?? null }));
  return { direction, statement, steps };
}

/** Records that a visitor says a step by hand is done. It decides nothing: it is a reminder. */
export function afterRoutes(services: SiteServices): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/releases/:seal/targets/:target/after',
      handle: async ({ params, body }) => {
        const record = await services.records.of(params['seal'] ?? '');
        const given = form.safeParse(body);
        if (record?.sealed == null) return notFound('such release');
        if (!given.success)
          return {
            kind: 'json',
            value: { ok: false, code: 'box', text: 'select the box first: it confirms that the step is done' },
          };
        const occasion = await services.looks.occasion(record.sealed, params['target'] ?? '');
        const after = afterIn(occasion);
        const { statement, direction, step } = given.data;
        // a page that was drawn for another cycle must not say that this one's steps are done
        if (after?.statement !== statement || after.direction !== direction || after.steps[step] === undefined)
          return {
            kind: 'json',
            value: { ok: false, code: 'outdated', text: 'reload the page: it is out of date' },
          };
        await services.state.pool.use((session) =>
          session.query(sql`insert into oneroof_server.acknowledged (target, statement, direction, step)
            values (${occasion.target}, ${statement}, ${direction}, ${step}) on conflict do nothing`),
        );
        return { kind: 'json', value: { ok: true, text: 'Acknowledged.' } };
      },
    },
  ];
}
