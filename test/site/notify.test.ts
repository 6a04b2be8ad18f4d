import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import { now } from '../../src/core/index.ts';
import { sql } from '../../src/database/index.ts';
import { withSession } from '../database.io.ts';
import { freePort } from '../signing/browser.io.ts';
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

/** What a receiver makes of a delivery with the library of Standard Webhooks; throws where the signature does not fit. */
function verified(heard: Heard | undefined, by: Webhook): unknown {
  if (heard === undefined) throw new Error('nothing was heard');
  return by.verify(heard.body, heard.headers as Record<string, string>);
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries += 1) {
    if (tries > 300) throw new Error('it did not come');
    await wait(100);
  }
}

it('tells a webhook what is recorded: signed, once per event, again after a refusal, without earlier events', {
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
      expect(verified(second, new Webhook('shared', { format: 'raw' }))).toMatchObject({
        type: 'oneroof.verification',
        release: { name: 'one-roof', seal },
        markdown: expect.stringMatching(/production[\s\S]*NO-GO/) as string,
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

it('signs with the bytes behind whsec_, as receivers of Standard Webhooks check it, and tells in the order of the log', {
  timeout: 60_000,
}, async () => {
  const receiver = await listen(0);
  try {
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    const more = `serve: { webhooks: [{ urlFrom: HOOK, secretFrom: HOOK_SECRET, kinds: [verification] }] }\n`;
    await withSite({ more, env: { HOOK: receiver.url, HOOK_SECRET: secret } }, async (site) => {
      const told = () =>
        withSession(site.state, (session) => session.query(sql`select lines from oneroof_server.told`));
      await until(async () => (await told()).length === 1);
      const { seal } = site.sealed;
      // all at once, and past ten: 10 comes after 9
      const count = 12;
      for (let n = 0; n < count; n += 1)
        await site.store.append({ kind: 'verification', seal, body: { version: 1, of: String(n) } }, now());
      await until(() => receiver.heard.length === count);
      for (const heard of receiver.heard)
        expect(verified(heard, new Webhook(secret))).toMatchObject({ release: { seal } });
      expect(() => verified(receiver.heard[0], new Webhook(secret, { format: 'raw' }))).toThrow('signature');
      const order = receiver.heard.map(({ headers }) => Number(String(headers['webhook-id']).split('-')[0]));
      expect(order).toEqual(order.toSorted((one, other) => one - other));
      expect(new Set(order).size).toBe(count);
      expect(order.at(-1)).toBeGreaterThan(9);
      expect(site.defects).toEqual([]);
    });
  } finally {
    receiver.close();
  }
});
