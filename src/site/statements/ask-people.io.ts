import { z } from 'zod';
import { now } from '../../core/index.ts';
import { statementDigest } from '../../evidence/index.ts';
import { targetOf } from '../../setup/index.ts';
import { type Answer, malformedAnswer, ratifyCeremony, type RatifyPurpose, withRelay } from '../../signing/index.ts';
import { type SiteServices } from '../site-services.ts';
import { notFound, type Reply } from '../room.ts';
import { mayAsk } from './asking-bound.ts';

const asking = z.strictObject({
  hours: z.string().regex(/^\d{0,4}$/),
  /** Empty: the release; `rollback`, or `rollback-drift` where the differences of the schema are accepted; else the tier of a hold point. */
  purpose: z.string().max(100).optional(),
});

const busy: Answer = { ok: false, code: 'busy', text: 'another request for this release and target is in progress' };
const often: Answer = {
  ok: false,
  code: 'often',
  text: 'people were asked too often within the hour: use a statement that waits, or rehearse again',
};

/**
 * Asks people to ratify: takes up the statement that waits, or records a new one. Whoever may look may ask, so it is bounded: one at a time,
 * and so many within an hour until there is a new rehearsal. Each reads production and is kept for ever.
 */
export async function propose(
  services: SiteServices,
  params: Readonly<Record<string, string>>,
  body: unknown,
): Promise<Reply> {
  const asked = asking.safeParse(body);
  if (!asked.success) return { kind: 'json', value: malformedAnswer };
  const record = await services.records.of(params['seal'] ?? '');
  if (record?.sealed == null) return notFound('such release');
  const { sealed, seal } = record;
  const target = targetOf(services.setup, params['target']);
  const { hours, purpose = '' } = asked.data;
  const answer = await services.state.alone(`propose ${seal} ${target.name}`, async (): Promise<Answer> => {
    const heard = await (await services.records.of(seal))?.heard(target.name);
    if (!mayAsk(heard?.evidence.map(({ entry }) => entry) ?? [], now())) return often;
    const ceremony = await withRelay(target, 'serve', (relay) =>
      ratifyCeremony(relay, {
        course: { sealed, store: services.records.store },
        target,
        hours: hours === '' ? null : Number(hours),
        purpose: purposeOf(purpose),
      }),
    );
    const to = `/statements/${encodeURIComponent(statementDigest(ceremony.body))}`;
    return { ok: true, text: 'recorded', to };
  });
  return { kind: 'json', value: answer ?? busy };
}

/** A tier begins with its number, so that none is called as the other purposes are. */
function purposeOf(asked: string): RatifyPurpose {
  if (asked === '') return { what: 'rollout' };
  if (asked === 'rollback' || asked === 'rollback-drift')
    return { what: 'rollback', acceptDrift: asked === 'rollback-drift' };
  return { what: 'tier', tier: asked };
}
