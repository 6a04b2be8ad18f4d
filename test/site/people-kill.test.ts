import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { type Policy, registryDocument } from '../../src/people/index.ts';
import { openState } from '../../src/site/state/index.ts';
import { documentOf, nextVersion, without } from '../../src/signing/index.ts';
import { changeDraft } from '../../src/site/people/drafts.io.ts';
import { findInvitation, invite, useUp } from '../../src/site/people/invitations.io.ts';
import { withDatabase } from '../database.io.ts';
import { withGate } from '../gate/cycle.io.ts';
import { freePort } from '../signing/browser.io.ts';
import { registryIn, signing, urlOf } from './people.io.ts';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');

/** Starts `oneroof serve` as a process of its own, and waits until it says where it is. */
async function start(folder: string): Promise<{ readonly child: ChildProcess; readonly token: string }> {
  const child = spawn(process.execPath, [main, 'serve'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    const token = /open http\S+#([\w-]+)/.exec(line)?.[1];
    if (token !== undefined) return { child, token };
  }
  throw new Error(`it did not start: ${said.join('\n')}`);
}
async function kill({ child }: { readonly child: ChildProcess }): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

describe('a server that is killed between begin and finish', () => {
  it(
    'leaves the prompt, the statement and the signatures: the next server finishes what it began',
    { timeout: 90_000 },
    () =>
      withDatabase('18', async (state) => {
        const origin = `http://localhost:${await freePort()}`;
        const window = { longest: 86_400_000, review: 1, rollback: 3_600_000 } as Policy['window'];
        await withGate('18', { policy: { origin, rpId: 'localhost', window } }, async (gated) => {
          const folder = mkdtempSync(join(tmpdir(), 'oneroof-kill-'));
          const url = (role: string): string => `"${urlOf(gated, role)}"`;
          writeFileSync(
            join(folder, 'oneroof.yaml'),
            `targets: { production: { url: ${url('oneroof_observer')}, relay: { url: ${url('oneroof_relay')} } } }
serve: { state: { url: "postgres://${state.user}@/${state.database}?host=${encodeURIComponent(state.host)}" } }
`,
          );
          const { policy } = gated;
          const text = { longest: '24h', review: '1ms', rollback: '1h' };
          writeFileSync(
            join(folder, 'policy.yaml'),
            JSON.stringify({ ...policy, window: text, rehearsal: { maxAge: '24h' } }),
          );
          let server = await start(folder);
          try {
            const headers = () => ({
              authorization: `Bearer ${server.token}`,
              origin,
              'content-type': 'application/json',
            });
            const get = (path: string) => fetch(`${origin}${path}`, { headers: headers() });
            const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
              const answer = await fetch(`${origin}${path}`, {
                method: 'POST',
                headers: headers(),
                body: JSON.stringify(body),
              });
              return (await answer.json()) as Record<string, unknown>;
            };
            const registry = without(nextVersion(gated.registry), { person: 'ira', key: null });
            await post('/people/changes', { kind: 'registry', text: registryDocument(registry) });
            const { digest } = documentOf({ kind: 'registry', registry });
            const path = `/people/changes/${digest}/production/sign`;
            const [ana, ben] = [gated.people.ana, gated.people.ben].map((by) =>
              signing({ origin, get, post }, path, by),
            );
            const first = await ana?.begin();
            await kill(server);
            server = await start(folder);
            expect(await ana?.finish(first?.['ceremony'])).toMatchObject({ ok: true, complete: false });
            const second = await ben?.begin();
            await kill(server);
            server = await start(folder);
            expect(await ben?.finish(second?.['ceremony'])).toMatchObject({ ok: true, complete: true });
            expect(await registryIn(gated)).toEqual(registry);
          } finally {
            await kill(server);
            rmSync(folder, { recursive: true });
          }
        });
      }),
  );
});

describe('using an invitation up', () => {
  const base = { follows: 'first', present: null, targets: [], start: nextVersion(null) } as const;

  it('makes it count once: of two at the same time one is refused, and without the lock neither is', () =>
    withDatabase('18', async (connection) => {
      const state = await openState(connection);
      try {
        const { secret } = await invite(state, { enrolment: { id: 'eve', name: 'Eve', level: 5 }, hours: 1 });
        // both have looked before either is through
        const both = await Promise.all([findInvitation(state, secret), findInvitation(state, secret)]);
        const policy = {} as Policy;
        const through = (uses: 'uses up' | 'does not') =>
          Promise.allSettled(
            both.map((one) =>
              changeDraft(state, { ...base, policy }, async (draft, session) => {
                if (uses === 'uses up') await useUp(session, one);
                return draft;
              }),
            ),
          );
        const ends = async (uses: 'uses up' | 'does not') =>
          (await through(uses)).map(({ status }) => status).toSorted();
        expect(await ends('does not')).toEqual(['fulfilled', 'fulfilled']);
        expect(await ends('uses up')).toEqual(['fulfilled', 'rejected']);
        await expect(findInvitation(state, secret)).rejects.toMatchObject({ code: 'INVITATION_OVER' });
      } finally {
        await state.close();
      }
    }));
});
