import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { OneRoofError, stated } from '../core/index.ts';
import { exampleFolder, type DemoProduction } from './demo-production.io.ts';

const mark = '.oneroof-demo';

/** Makes the demo's folder again; a folder that does not carry our mark is not touched. */
export function prepareFolder(folder: string): void {
  if (existsSync(folder) && !existsSync(join(folder, mark))) {
    throw new OneRoofError('ALREADY_EXISTS', {
      ...stated`${{ folder }} exists already, and the demo did not make it`,
      fix: 'move it away, or run the demo in another folder',
    });
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, mark), 'Made by oneroof demo, which deletes this folder and makes it again.\n');
  cpSync(exampleFolder(), join(folder, 'release'), { recursive: true });
}

/** Writes the oneroof.yaml that the demo's commands read; it means nothing once production has stopped. */
export function writeSetup(folder: string, production: DemoProduction, golden: string): void {
  const url = ({ user, host }: { user: string; host: string }): string =>
    `"postgres://${user}@/directus?host=${encodeURIComponent(host)}"`;
  const text = `# The demo's production, for as long as it runs.
targets:
  production:
    url: ${url(production.observer)}
    executor: { url: ${url(production.executor)} }
    relay: { url: ${url(production.relay)} }
    admin: { url: ${url(production.admin)} }
clone:
  provider: physical
  backup:
    url: ${url(production.backup)}
  folder: ${golden}
evidence: evidence
reports: report
`;
  writeFileSync(join(folder, 'oneroof.yaml'), text);
}

/** Takes the oneroof.yaml away again: its addresses lead nowhere when production has stopped. */
export function removeSetup(folder: string): void {
  rmSync(join(folder, 'oneroof.yaml'), { force: true });
}

/** The policy of the demo: a page on this machine, so never for production. */
export function writePolicy(folder: string, of: { readonly port: number; readonly seats: string }): string {
  const file = join(folder, 'policy.yaml');
  const text = `# Who has to ratify in the demo. NOT FOR PRODUCTION: its page is on this machine.
format: 1
name: demo
production: false
origin: http://localhost:${of.port}
rpId: localhost
seats: ${of.seats}
window: { longest: 8h, review: 1s, rollback: 1d }
rehearsal: { maxAge: 1d }
quorum: ${of.seats}
authenticators: { aaguids: null, attestation: none }
`;
  writeFileSync(file, text);
  return file;
}

/** A port of this machine that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
