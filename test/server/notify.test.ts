import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { now } from '../../src/core/index.ts';
import { sql } from '../../src/database/index.ts';
import { withSession } from '../database.io.ts';
import { freePort } from '../web/browser.io.ts';
import { withSite } from './site.io.ts';

interface Heard {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A receiver that refuses the first deliveries. */
async function listen(refuses: number) {
  const heard: Heard[] = [];
  const port = await freePort();
  const server = createServer((asked, answer) => {
    let body = '';
    asked.on('data', (chunk) => (body += String(chunk)));
    asked.on('end', () => {
      heard.push({ headers: asked.headers, body });
      answer.statusCode = heard.length <= refuses ? 500 : 204;
      answer.end();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { heard, url: `http://127.0.0.1:${port}/hook?token=hidden`, close: () => server.close() };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries += 1) {
    if (tries > 300) throw new Error('it did not come');
    await wait(100);
  }
}

it('tells a webhook of what is recorded: signed, once an event, again where it was refused, without what came before', {
  timeout: 60_000,
}, async () => {
  const receiver = await listen(1);
  try {
    const more = `serve: { webhooks: [{ urlFrom: HOOK, secretFrom: HOOK_SECRET, kinds: [verification] }] }\n`;
    await withSite({ more, env: { HOOK: receiver.url, HOOK_SECRET: 'shared' } }, async (site) => {
      const state = (statement: ReturnType<typeof sql>) =>
        withSession(site.state, (session) => session.query<{ n: string }>(statement));
      await until(async () => (await state(sql`select lines::text as n from oneroof_server.told`)).length === 1);
      const { seal } = site.sealed;
      await site.store.append({ kind: 'baseline', seal, body: { version: 1 } }, now());
      await site.store.append({ kind: 'verification', seal, body: { version: 1, of: 'a|b <script>' } }, now());
      await until(() => receiver.heard.length === 1);
      // the refused one is due later; the test does not wait so long
      await until(
        async () =>
          (await state(sql`update oneroof_server.deliveries set due = now() where tries = 1 returning '1' as n`))
            .length === 1,
      );
      await until(() => receiver.heard.length === 2);
      const [first, second] = receiver.heard;
      expect(second?.body).toBe(first?.body);
      expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
      const { headers, body } = second ?? { headers: {}, body: '' };
      const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
      expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', 'shared').update(signed).digest('base64')}`);
      expect(JSON.parse(body)).toMatchObject({
        type: 'oneroof.verification',
        release: { name: 'one-roof', seal },
        readiness: 'NO-GO',
      });
      await until(
        async () =>
          (await state(sql`select '1' as n from oneroof_server.deliveries where state = 'delivered'`)).length === 1,
      );
      const kept = await state(
        sql`select (d::text || (select coalesce(string_agg(t::text, ''), '') from oneroof_server.told t)) as n from oneroof_server.deliveries d`,
      );
      expect(kept).toHaveLength(1);
      expect(kept[0]?.n).not.toContain('hidden');
      expect(site.defects).toEqual([]);
    });
  } finally {
    receiver.close();
  }
});
