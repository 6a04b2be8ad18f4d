import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder with a oneroof.yaml whose target answers to nobody; it is removed afterwards. */
export async function withScratch(use: (home: string) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'oneroof-events-'));
  writeFileSync(
    join(home, 'oneroof.yaml'),
    'targets:\n  production:\n    url: "postgres://nobody@127.0.0.1:1/none"\nevidence: evidence\n',
  );
  await use(home).finally(() => rmSync(home, { recursive: true, force: true }));
}
