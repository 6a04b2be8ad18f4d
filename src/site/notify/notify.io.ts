import { setTimeout as wait } from 'node:timers/promises';
import { type Session, sql } from '../../database/index.ts';
import { type Webhook } from '../../setup/index.ts';
import { type SiteServices } from '../site-services.ts';
import { reportsOf } from '../reports/report-routes.io.ts';
import { pauseAfter, signedHeaders, tell, type DeliveredNotice } from './delivery.ts';

/** How often the log is checked, and what is due is delivered. Milliseconds. */
const beat = 1000;
/** How long a receiver may take. Milliseconds. */
const patience = 10_000;

/**
 * Tells the webhooks of what is recorded, until the site is closed. What is to be told is kept in the database first, so that neither a
 * crash nor a second server loses or doubles an event; a receiver may still get one twice where its answer was lost, under the same id.
 */
export async function notify(
  services: SiteServices,
  { webhooks, onDefect }: { readonly webhooks: readonly Webhook[]; readonly onDefect: (error: unknown) => void },
): Promise<void> {
  const { signal } = services;
  if (webhooks.length === 0) return;
  while (!signal.aborted) {
    try {
      await collect(services, webhooks);
      for (const webhook of webhooks) while (!signal.aborted && (await deliverOne(services, webhook)));
    } catch (error) {
      // a database or a store that is away for a while must not end it
      if (!signal.aborted) onDefect(error);
    }
    await wait(beat, undefined, { signal }).catch(() => null);
  }
}

/** Stores a message for each new line of the log; lines from before the first start are history, not news. */
async function collect(services: SiteServices, webhooks: readonly Webhook[]): Promise<void> {
  const entries = await services.records.store.entries();
  await services.state.pool.transaction(async (session) => {
    const [row] = await session.query<{ told: string }>(
      sql`insert into oneroof_server.told (one, lines) values (true, ${entries.length}) on conflict (one) do update set lines = told.lines
        returning lines::text as told`,
    );
    const news = entries.slice(Number(row?.told ?? entries.length));
    for (const entry of news) {
      const wanted = webhooks.filter(({ kinds }) => kinds === null || kinds.includes(entry.kind));
      if (wanted.length === 0) continue;
      const record = await services.records.of(entry.seal);
      const reports = record === null ? null : await reportsOf(services, record);
      const heard = await record?.heard(services.setup.defaultTarget);
      const uncounted = heard?.uncounted.find((one) => one.entry.index === entry.index)?.why ?? null;
      const told = tell({ entry, name: record?.name ?? '', reports, origin: services.origin, uncounted });
      for (const { name } of wanted) await keep(session, name, told);
    }
    if (news.length > 0) await session.query(sql`update oneroof_server.told set lines = ${entries.length}`);
  });
}

async function keep(session: Session, webhook: string, told: DeliveredNotice): Promise<void> {
  await session.query(
    sql`insert into oneroof_server.deliveries (id, webhook, body) values (${told.id}, ${webhook}, ${JSON.stringify(told)}) on conflict do nothing`,
  );
}

/** Delivers the message that is due first, if any; two servers never take the same one. */
async function deliverOne(services: SiteServices, webhook: Webhook): Promise<boolean> {
  return services.state.pool.transaction(async (session) => {
    const [due] = await session.query<{ id: string; body: string; tries: string; now: string }>(
      sql`select id, body, tries::text as tries, extract(epoch from now())::bigint::text as now from oneroof_server.deliveries
        where webhook = ${webhook.name} and state = 'waiting' and due <= now() order by due, split_part(id, '-', 1)::bigint limit 1 for update skip locked`,
    );
    if (due === undefined) return false;
    const answer = await send(webhook, { id: due.id, body: due.body, seconds: Number(due.now) }, services.signal);
    const tries = Number(due.tries) + 1;
    const pause = pauseAfter(tries);
    const state = answer.ok ? 'delivered' : pause === null ? 'given up' : 'waiting';
    await session.query(
      sql`update oneroof_server.deliveries set state = ${state}, tries = ${tries}, answer = ${answer.text},
        due = now() + make_interval(secs => ${pause ?? 0}::double precision)
        where id = ${due.id} and webhook = ${webhook.name}`,
    );
    return true;
  });
}

async function send(
  { url, signingKey }: Webhook,
  event: { readonly id: string; readonly body: string; readonly seconds: number },
  signal: AbortSignal,
): Promise<{ readonly ok: boolean; readonly text: string }> {
  try {
    const response = await fetch(url.reveal(), {
      method: 'POST',
      headers: signedHeaders({ ...event, key: signingKey() }),
      body: event.body,
      // to wherever a receiver points us next, nothing is sent
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
    });
    await response.body?.cancel();
    return { ok: response.ok, text: `answered ${response.status}` };
  } catch (error) {
    // the text of the error may hold the address, and that may hold a token
    return {
      ok: false,
      text: error instanceof Error && error.name === 'TimeoutError' ? 'no answer in time' : 'not reached',
    };
  }
}
