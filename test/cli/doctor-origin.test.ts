import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { policyYaml } from '../gate/people.ts';
import { oneroof } from './run.io.ts';

it('warns where a policy has its page on this machine alone and the target is on another one', {
  timeout: 60_000,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-doctor-'));
  try {
    const warned = (host: string, policy: string): readonly { name: string; outcome: string; text: string }[] => {
      writeFileSync(
        join(folder, 'oneroof.yaml'),
        `targets: { production: { url: "postgres://look@${host}:1/none" } }\n`,
      );
      writeFileSync(join(folder, 'policy.yaml'), policy);
      const { stdout } = oneroof(['doctor', '--json'], { folder });
      const { checks } = JSON.parse(stdout) as { checks: { name: string; outcome: string; text: string }[] };
      return checks.filter(({ name }) => name === 'policy for production');
    };
    const local = policyYaml
      .replace(/^origin: .*$/m, 'origin: http://localhost:8443')
      .replace(/^rpId: .*$/m, 'rpId: localhost')
      .replace(/^production: .*$/m, 'production: false');
    const [found, ...more] = warned('db.invalid', local);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ outcome: 'warning', text: expect.stringContaining('http://localhost:8443') });
    expect(found?.text).toContain('the target is at db.invalid');
    expect(warned('127.0.0.1', local)).toEqual([]);
    expect(warned('db.invalid', policyYaml)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
