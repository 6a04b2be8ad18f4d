import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedBinaries } from '../src/database/index.ts';
import { exampleFolder, startProduction } from '../src/demo/index.ts';
import { sealRelease } from '../src/release/index.ts';
import { bareGate } from './gate.io.ts';
import { gateIt } from './gated.io.ts';
import { compare, time } from './measure.io.ts';
import { type Ground } from './servers.io.ts';
import { line } from './table.io.ts';

const cli = join(import.meta.dirname, '..', 'dist', 'cli', 'main.io.js');
const node = process.execPath;

/** What a command costs before it does anything, and one reading of the gate beside a bare script that asks the same. */
export async function startLines({ runs, folder }: Ground): Promise<void> {
  await line({ name: 'start-up: oneroof --version / node -e 0' }, () =>
    compare(
      runs,
      () => time(node, [cli, '--version']).milliseconds,
      () => time(node, ['-e', '0']).milliseconds,
    ),
  );
  await line({ name: 'gate: oneroof gate / node + pg, the same queries', goal: 1.5 }, async () => {
    const production = await startProduction({ binaries: embeddedBinaries() });
    try {
      const release = join(folder, 'example');
      cpSync(exampleFolder(), release, { recursive: true });
      const { observer, admin, application } = production;
      // a reading asks the gate for its rows last: without one it would go on, and the bare script would fail
      await gateIt(admin, application.user);
      writeFileSync(
        join(folder, 'oneroof.yaml'),
        `targets:\n  production:\n    url: postgres://${observer.user}@/directus?host=${observer.host}\nevidence: evidence\nreports: report\n`,
      );
      const bare = await bareGate({ release: await sealRelease(release), observer, folder });
      const gate = [cli, 'gate', '-C', folder, 'example'];
      return await compare(
        runs,
        () => time(node, gate, { allowed: [1] }).milliseconds,
        () => time(node, bare).milliseconds,
      );
    } finally {
      await production.stop();
    }
  });
}
