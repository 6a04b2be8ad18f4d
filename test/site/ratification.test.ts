import { chmodSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { now } from '../../src/core/index.ts';
import { run as bundle } from '../../src/cli/commands/bundle.io.ts';
import { shortCode, statementDigest } from '../../src/evidence/index.ts';
import { readCycles } from '../../src/gate/index.ts';
import { mayAsk } from '../../src/site/statements/asking-bound.ts';
import { proposalsOf } from '../../src/proposal/index.ts';
import { runSql } from '../database.io.ts';
import { type ServedFixture, type Served, signedBy, withServedFixture } from './ratified.io.ts';

const target = ({ gated }: ServedFixture): string =>
  `/releases/${encodeURIComponent(gated.sealed.seal)}/targets/production`;

/** Asks people; says where, and what they are to sign. */
async function propose(ground: ServedFixture, server: Served): Promise<{ readonly at: string; readonly body: string }> {
  const answer = await server.ask(`${target(ground)}/propose`, { hours: '1' });
  expect(answer).toMatchObject({ ok: true });
  const body = proposalsOf(await ground.store.of(ground.gated.sealed.seal)).at(-1)?.body ?? '';
  return { at: String(answer['to']), body };
}

const begin = (server: Served, { at, body }: { readonly at: string; readonly body: string }) =>
  server.ask(`${at}/ratify/begin`, { code: shortCode(statementDigest(body)) });

const persons = async ({ gated }: ServedFixture, body: string): Promise<readonly string[]> =>
  (await gated.as('oneroof_observer', readCycles)).find((one) => one.statement === statementDigest(body))?.persons ??
  [];

const kinds = async ({ store }: ServedFixture): Promise<readonly string[]> =>
  (await store.entries()).map(({ kind }) => kind);

it(
  'a server that is killed in mid-ratification loses nothing and lets nothing in: another one finishes, once',
  {
    timeout: 240_000,
  },
  () =>
    withServedFixture('', async (ground) => {
      const { gated } = ground;
      const { ana, ben } = gated.people;
      const first = await ground.start();
      const asked = await propose(ground, first);
      const prompt = await begin(first, asked);
      expect(prompt).toMatchObject({ ok: true });
      await first.kill();
      expect(await persons(ground, asked.body)).toEqual([]);
      const second = await ground.start();
      const signed = signedBy(gated, ana, { body: asked.body, ceremony: prompt['ceremony'] });
      // both at once: a prompt is taken once
      const both = await Promise.all([1, 2].map(() => second.ask(`${asked.at}/ratify/finish`, { signed })));
      expect(both.map(({ ok }) => ok).toSorted()).toEqual([false, true]);
      expect(await second.ask(`${asked.at}/ratify/finish`, { signed })).toMatchObject({ ok: false, code: 'ceremony' });
      // the same assertion under a new prompt is the same signature, and the same person
      const again = signedBy(gated, ana, { body: asked.body, ceremony: (await begin(second, asked))['ceremony'] });
      await second.ask(`${asked.at}/ratify/finish`, { signed: again });
      expect(await persons(ground, asked.body)).toEqual(['ana']);
      expect(await second.page(asked.at)).toContain('waits for signatures');

      // killed while the signature is on its way: it is in the target, or it is not, and then the same prompt is gone
      const late = signedBy(gated, ben, { body: asked.body, ceremony: (await begin(second, asked))['ceremony'] });
      const lost = second.ask(`${asked.at}/ratify/finish`, { signed: late }).catch(() => 'lost');
      setTimeout(() => second.process.kill('SIGKILL'), 5);
      await lost;
      await second.kill();
      const third = await ground.start();
      if (!(await persons(ground, asked.body)).includes('ben')) {
        const anew = signedBy(gated, ben, { body: asked.body, ceremony: (await begin(third, asked))['ceremony'] });
        expect(await third.ask(`${asked.at}/ratify/finish`, { signed: anew })).toMatchObject({ ok: true });
      }
      expect([...(await persons(ground, asked.body))].toSorted()).toEqual(['ana', 'ben']);
      expect(await ground.command(bundle, { out: join(ground.home, 'x.bundle.json') })).toMatchObject({ exit: 0 });
      expect(await kinds(ground)).toContain('ratification');
    }),
);

it(
  'a signature counts also where the evidence cannot be written: the server says so, and bundle catches up',
  {
    timeout: 240_000,
  },
  () =>
    withServedFixture('', async (ground) => {
      const { gated, home } = ground;
      // a superuser of the machine writes where nobody may: the server runs as somebody else
      const { uid: own } = statSync(ground.state.host);
      const uid = process.getuid?.() === 0 ? own : undefined;
      const server = await ground.start(uid === undefined ? {} : { uid });
      const asked = await propose(ground, server);
      const closed = ['', 'blobs', 'sha256'].map((name) => join(home, 'evidence', name));
      const mode = (bits: number): void => {
        for (const name of closed)
          try {
            chmodSync(name, bits);
          } catch {
            // not every one of these folders is there
          }
      };
      mode(0o500);
      try {
        const prompt = await begin(server, asked);
        const signed = signedBy(gated, gated.people.ana, { body: asked.body, ceremony: prompt['ceremony'] });
        const answer = await server.ask(`${asked.at}/ratify/finish`, { signed });
        expect(answer).toMatchObject({ ok: true, text: expect.stringContaining('not recorded as evidence') });
        expect(JSON.stringify(answer)).not.toContain(home);
        expect(await persons(ground, asked.body)).toEqual(['ana']);
        expect(await kinds(ground)).not.toContain('ratification');
        expect((await server.warnings()).join('\n')).toContain('not recorded as evidence');
        const refused = await server.ask(`${target(ground)}/propose`, { hours: '1', purpose: 'x' });
        expect(refused).toMatchObject({ ok: false });
        expect(JSON.stringify(refused)).not.toContain(home);
      } finally {
        mode(0o700);
      }
      expect(await ground.command(bundle, { out: join(home, 'x.bundle.json') })).toMatchObject({ exit: 0 });
      expect(await kinds(ground)).toContain('ratification');
    }),
);

it('asking, deciding and revoking are posts of its own pages alone, and asking is bounded', { timeout: 240_000 }, () =>
  withServedFixture('', async (ground) => {
    const server = await ground.start();
    const all = await Promise.all(
      Array.from({ length: 6 }, () => server.ask(`${target(ground)}/propose`, { hours: '1' })),
    );
    const codes = all.map(({ ok, code }) => (ok === true ? 'ok' : code));
    expect(codes).toContain('ok');
    expect(codes.filter((one) => one !== 'ok' && one !== 'busy')).toEqual([]);
    // whoever asks once more is led to the statement that waits
    const asked = await propose(ground, server);
    expect((await kinds(ground)).filter((one) => one === 'proposal')).toHaveLength(1);
    const { gated, store } = ground;
    const [entry] = (await store.of(gated.sealed.seal)).filter((one) => one.entry.kind === 'proposal');
    const body = entry?.readable === true ? entry.body : null;
    for (let n = 0; n < 5; n += 1) await store.append({ kind: 'proposal', seal: gated.sealed.seal, body }, now());
    expect(await server.ask(`${target(ground)}/propose`, { hours: '1' })).toMatchObject({ ok: false, code: 'often' });
    const [, rehearsal] = await store.entries();
    const entries = await store.entries();
    expect(mayAsk(entries, now())).toBe(false);
    // another rehearsal is another thing to ask about, and an hour is an hour
    if (rehearsal !== undefined) expect(mayAsk([...entries, { ...rehearsal, kind: 'rehearsal' }], now())).toBe(true);
    expect(mayAsk(entries, '2100-01-01T00:00:00.000Z' as never)).toBe(true);

    const acts = [
      `${target(ground)}/propose`,
      ...['ratify', 'decline', 'revoke'].flatMap((act) => [`${asked.at}/${act}/begin`, `${asked.at}/${act}/finish`]),
    ];
    const before = (await kinds(ground)).length;
    const own = { 'content-type': 'application/json', origin: server.origin };
    const { ok: entered, headers } = await enter(server, ground);
    expect(entered).toBe(true);
    const cookie = (headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    for (const act of acts) {
      const post = (headersOf: Readonly<Record<string, string>>): Promise<Response> =>
        fetch(`${server.origin}${act}`, { method: 'POST', headers: headersOf, body: '{"hours":"1"}' });
      expect([act, (await post(own)).status]).toEqual([act, 401]);
      for (const wrong of [
        { ...own, origin: 'https://evil.example' },
        { ...own, origin: 'null' },
        { ...own, origin: 'http://localhost:1' },
        { 'content-type': 'application/json' },
        { ...own, 'sec-fetch-site': 'cross-site' },
        { ...own, 'sec-fetch-site': 'same-site' },
      ])
        expect([act, (await post({ ...wrong, cookie })).status]).toEqual([act, 403]);
      expect([act, (await post({ ...own, cookie, 'content-type': 'text/plain' })).status]).toEqual([act, 415]);
      // the negative control: the same from its own page is answered
      expect([act, (await post({ ...own, cookie })).status]).toEqual([act, 200]);
    }
    expect((await kinds(ground)).length).toBe(before);
  }),
);

function enter(server: Served, { home }: ServedFixture): Promise<Response> {
  return fetch(`${server.origin}/enter`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: server.origin },
    body: JSON.stringify({ token: readFileSync(join(home, 'token'), 'utf8').trim() }),
  });
}

it('takes no signature before the time for review has ended, and says when it ends', { timeout: 240_000 }, () =>
  withServedFixture('', async (ground) => {
    const { gated } = ground;
    const server = await ground.start();
    const asked = await propose(ground, server);
    const received = (when: string): Promise<void> =>
      runSql(gated.database, [`update gate.first_seen set received_at = clock_timestamp() ${when}`]);
    // the prompt is there already when it turns out that nobody had time to read
    const { ceremony } = await begin(server, asked);
    await received(`+ interval '1 hour'`);
    expect(await server.page(asked.at)).toContain('Signatures count from ');
    expect(await begin(server, asked)).toMatchObject({ ok: false, code: 'review' });
    const signed = signedBy(gated, gated.people.ana, { body: asked.body, ceremony });
    expect(await server.ask(`${asked.at}/ratify/finish`, { signed })).toMatchObject({ ok: false, code: 'review' });
    expect(await persons(ground, asked.body)).toEqual([]);
    await received(`- interval '1 hour'`);
    await expect.poll(() => server.page(asked.at), { timeout: 10_000 }).not.toContain('Signatures count from ');
    const again = signedBy(gated, gated.people.ana, {
      body: asked.body,
      ceremony: (await begin(server, asked))['ceremony'],
    });
    expect(await server.ask(`${asked.at}/ratify/finish`, { signed: again })).toMatchObject({ ok: true });
    expect(await persons(ground, asked.body)).toEqual(['ana']);
  }),
);

it('two servers on one state let the same people in, tell both of news, and tell a webhook once', {
  timeout: 240_000,
}, async () => {
  const heard: string[] = [];
  const hook = createServer((asked, answer) => {
    heard.push(String(asked.headers['webhook-id'] ?? asked.headers['x-oneroof-id'] ?? JSON.stringify(asked.headers)));
    answer.end();
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const { port } = hook.address() as { port: number };
  process.env['TEST_HOOK_SECRET'] = 'whsec_'.padEnd(38, 'a');
  const more = `serve:\n  webhooks:\n    - { url: "http://127.0.0.1:${port}/", secretFrom: TEST_HOOK_SECRET }`;
  try {
    await withServedFixture(more, async (ground) => {
      const first = await ground.start();
      const second = await ground.start({ port: Number(new URL(ground.origin).port) + 1 });
      const cookie = ((await enter(first, ground)).headers.get('set-cookie') ?? '').split(';')[0] ?? '';
      for (const server of [first, second])
        expect((await fetch(`${server.origin}/`, { headers: { cookie } })).status).toBe(200);
      const told = ['', ''];
      const leave = new AbortController();
      for (const [index, server] of [first, second].entries()) {
        const { body } = await fetch(`${server.origin}/events`, { headers: { cookie }, signal: leave.signal });
        void (async () => {
          for await (const chunk of body ?? []) told[index] += Buffer.from(chunk).toString();
        })().catch(() => undefined);
      }
      // both have seen the log as it is before anything is news
      await new Promise((resolve) => setTimeout(resolve, 3000));
      for (let n = 0; n < 5; n += 1)
        await ground.store.append({ kind: 'gate', seal: ground.gated.sealed.seal, body: { n } }, now());
      await expect.poll(() => heard.length, { timeout: 60_000 }).toBe(5);
      await new Promise((resolve) => setTimeout(resolve, 3000));
      expect(new Set(heard).size).toBe(5);
      expect(heard).toHaveLength(5);
      for (const text of told) expect(text.match(/"kind":"gate"/g)?.length ?? 0).toBeGreaterThan(0);
      leave.abort();
      // a prompt that one began is finished on the other: both are one site behind a proxy
      const { at, body } = await propose(ground, first);
      const prompt = await begin(first, { at, body });
      const signed = signedBy(ground.gated, ground.gated.people.ana, { body, ceremony: prompt['ceremony'] });
      expect(await first.ask(`${at}/ratify/finish`, { signed })).toMatchObject({ ok: true });
    });
  } finally {
    hook.close();
  }
});
