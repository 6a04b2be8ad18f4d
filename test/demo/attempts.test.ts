import { expect, test } from 'vitest';
import { embeddedBinaries } from '../../src/database/index.ts';
import { tellAttempts, tryIt } from '../../src/demo/attempts.io.ts';
import { startProduction } from '../../src/demo/demo-production.io.ts';
import { narrationTo } from '../../src/demo/narration.ts';
import { runSql } from '../database.io.ts';

test('an attempt that is not refused is told as nothing, and ends the demo', async () => {
  const production = await startProduction({ binaries: embeddedBinaries() });
  const lines: string[] = [];
  const narration = narrationTo((line) => void lines.push(line));
  const attempt = {
    who: 'observer',
    what: 'read a table',
    work: (session: { run(text: string): Promise<unknown> }) => session.run('delete from os_invoice_items'),
  } as const;
  const writable = { ...attempt, who: 'application', what: 'delete items' } as const;
  try {
    expect(await tryIt({ production }, attempt)).toMatchObject({ role: 'oneroof_observer', state: '25006' });
    await tellAttempts({ narration, production }, [attempt]);
    expect(lines.join('\n')).toContain('observer      read a table                            refused: ');
    // the owner of the tables may do it: nothing is there to refuse it
    await expect(tellAttempts({ narration, production }, [writable])).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(lines.join('\n')).not.toContain('delete items');
    await runSql(production.admin, ['do $$ begin assert (select count(*) = 50 from os_invoice_items); end $$']);
    // what did not come from the database is no refusal
    const broken = { ...attempt, work: () => Promise.reject(new Error('no such thing')) };
    await expect(tryIt({ production }, broken)).rejects.toThrow('no such thing');
  } finally {
    await production.stop();
  }
}, 60_000);
