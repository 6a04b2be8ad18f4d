import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Answer, oneroof } from '../cli/run.io.ts';
import { runSql } from '../database.io.ts';
import { type Gated } from '../gate/cycle.io.ts';
import { withFolder } from '../release/folder.io.ts';

/** A place of work over a database with a gate: its folder, and the command line in it. */
export async function withPlace(
  gated: Gated,
  use: (run: (...words: string[]) => Answer, folder: string) => Promise<void>,
): Promise<void> {
  const { database } = gated;
  const address = (role: string, name = database.database): string =>
    `postgres://${role}@/${name}?host=${encodeURIComponent(database.host)}`;
  const setup = `targets:
  production:
    url: "${address('oneroof_observer')}"
    relay: { url: "${address('oneroof_relay')}" }
    executor: { url: "${address('oneroof_executor')}" }
clone:
  provider: template
  admin: { url: "${address('postgres', 'postgres')}" }
  source: ${database.database}
  sameServer: true
`;
  await runSql(database, [
    `revoke temporary on database ${database.database} from public`,
    'grant usage on schema public to oneroof_observer',
  ]);
  await withFolder({ 'oneroof.yaml': setup }, async (folder) => {
    cpSync(gated.folder, join(folder, 'release'), { recursive: true });
    const run = (...words: string[]): Answer => oneroof(words, { folder });
    try {
      expect(run('seal', 'release').stderr).not.toContain('error:');
      await use(run, folder);
    } finally {
      // other tests have clones on the same server
      const { leases } = JSON.parse(run('clone', 'list', '--json').stdout) as Listed;
      for (const { database: clone } of leases.filter(({ golden }) => golden.includes(database.database)))
        run('clone', 'drop', clone);
      run('gc');
    }
  });
}

interface Listed {
  readonly leases: readonly { readonly database: string; readonly golden: string }[];
}
