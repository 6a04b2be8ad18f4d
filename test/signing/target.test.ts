import { note, rehearseIn, submitTargetOf } from '../gate/footprint.io.ts';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { closing } from '../../src/cli/commands/decline.io.ts';
import { canonicalJson, digest } from '../../src/core/index.ts';
import { type Connection } from '../../src/database/index.ts';
import { writeStatement } from '../../src/evidence/index.ts';
import { describeGate, installSql, readCycles, submitRelease, submitSignature } from '../../src/gate/index.ts';
import {
  policyDigest,
  policyDocument,
  registryDigest,
  registryDocument,
  type TargetDescriptor,
} from '../../src/people/index.ts';
import { sealRelease } from '../../src/release/index.ts';
import { makeDemoAuthenticator, signWithDemo } from '../../src/demo/demo-authenticator.io.ts';
import { withDatabase, withSession } from '../database.io.ts';
import { freePort, policyAt, registryOf } from './browser.io.ts';

const demo = makeDemoAuthenticator();
const registry = registryOf(demo.key);
const shipped = join(import.meta.dirname, '..', '..', 'examples', 'one-roof');

describe('a target with the gate', () => {
  it('takes a revocation from the page through the relay, and is closed by it', () =>
    withDatabase('18', async (connection) => {
      const policy = policyAt(await freePort());
      const folder = mkdtempSync(join(tmpdir(), 'oneroof-web-'));
      cpSync(shipped, join(folder, 'release'), { recursive: true });
      const sealed = await sealRelease(join(folder, 'release'));
      const gate = installSql({
        serverVersion: 180_000,
        uri: 'trial',
        appOwner: 'app_owner',
        policy: { digest: policyDigest(policy), body: policyDocument(policy) },
        registry: { digest: registryDigest(registry), body: registryDocument(registry) },
        as: 'superuser',
      });
      const psql = [
        '-h',
        connection.host,
        '-U',
        'postgres',
        '-d',
        connection.database,
        '-1',
        '-qX',
        '-v',
        'ON_ERROR_STOP=1',
      ];
      const role = `do $$ begin create role app_owner; exception when duplicate_object or unique_violation then null; end $$;\n`;
      execFileSync('/usr/lib/postgresql/15/bin/psql', psql, { input: role + gate, stdio: ['pipe', 'ignore', 'pipe'] });
      const relay: Connection = { ...connection, user: 'oneroof_relay' };
      const address = `postgres://oneroof_relay@/${connection.database}?host=${encodeURIComponent(connection.host)}`;
      writeFileSync(
        join(folder, 'oneroof.yaml'),
        `targets:\n  trial:\n    url: "${address}"\n    relay: { url: "${address}" }\n`,
      );
      const said: string[] = [];
      const context = {
        commands: [],
        words: [],
        verbs: [],
        arguments: ['release'],
        options: { reason: 'a customer reports wrong owners' },
        folder,
        terminal: { say: (line: string) => void said.push(line), progress: () => undefined },
        signal: new AbortController().signal,
      };
      await expect(closing('revoke').run(context)).rejects.toMatchObject({ problems: [{ code: 'NOTHING_WAITS' }] });

      await withSession(relay, async (session) => {
        await submitRelease(session, sealed);
        const { facts } = await describeGate(session);
        const schema = note(await rehearseIn(connection, sealed));
        const descriptor: TargetDescriptor = { format: 1, ...facts, schema };
        const leaf = Buffer.concat([Buffer.from([0]), Buffer.from(canonicalJson(descriptor))]);
        const root = createHash('sha256').update(leaf).digest('hex');
        const body = ratificationOf({ seal: sealed.seal, policy: policyDigest(policy), root });
        const statement = await submitSignature(session, body, signWithDemo(demo, body, policy));
        await submitTargetOf(session, { statement, descriptor, place: 0, proof: [] });
        expect((await readCycles(session))[0]?.closed.up).toBeNull();
        expect((await readCycles(session))[0]?.persons).toEqual(['ana']);

        const revoking = closing('revoke').run(context);
        await expect.poll(() => said.at(-1) ?? '', { timeout: 20_000 }).toContain('open http');
        const [, url = '', code = ''] = /open (\S+) and type ([0-9a-f]{6})/.exec(said.at(-1) ?? '') ?? [];
        const shown = /<pre id="text"[^>]*>(.*)<\/pre>/.exec(await (await fetch(url)).text())?.[1] ?? '';
        const text = shown.replace(/&#(\d+);/g, (_, number: string) => String.fromCharCode(Number(number)));
        const post = async (action: string, sent: object): Promise<Record<string, unknown>> => {
          const headers = { 'content-type': 'application/json', origin: policy.origin };
          const answer = await fetch(url + action, { method: 'POST', headers, body: JSON.stringify(sent) });
          return (await answer.json()) as Record<string, unknown>;
        };
        const { ceremony } = await post('begin', { code });
        const made = signWithDemo(demo, text, policy);
        const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
        const answer = await post('finish', {
          ceremony,
          credential: made.credential,
          authenticatorData: encode(made.authenticatorData),
          clientDataJSON: encode(made.clientDataJSON),
          signature: encode(made.signature),
        });
        expect(answer).toMatchObject({ ok: true });
        expect((await revoking).data).toMatchObject({ person: 'ana' });
        expect((await readCycles(session))[0]?.closed.up?.code).toBe('revoked');
      });
    }));
});

function ratificationOf({ seal, policy, root }: Readonly<Record<'seal' | 'policy' | 'root', string>>): string {
  const hash = '0'.repeat(64);
  const from = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
  return writeStatement({
    kind: 'ratification',
    subject: { name: 'one-roof', digest: seal },
    predicate: {
      decision: 'ratify',
      targets: { root, size: 1 },
      evidence: [{ kind: 'rehearsal', digest: digest('evidence', [canonicalJson('trial')]) }],
      rehearsedAt: from(-0.5),
      policy,
      registry: { version: 1, digest: registryDigest(registry) },
      authors: ['agent'],
      opens: { what: 'rollout' },
      notBefore: from(0),
      expires: from(0.5),
      log: { size: 0, root: hash },
      dossier: digest('dossier', ['text']),
      sealedAt: from(-0.6),
      nonce: '0'.repeat(32),
    },
  });
}
