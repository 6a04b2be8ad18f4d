import { expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { newest } from '../database.io.ts';
import { type Gated, withGate } from './cycle.io.ts';
import { ratifyFor, replacing } from './purpose.io.ts';

/** Whether the gate measures for an observer who asks in such a transaction. */
const measures = (gated: Gated, statement: string, mode: 'read only' | 'read write'): Promise<string | undefined> =>
  gated.as('oneroof_observer', async (session) => {
    await session.run(`begin ${mode}`);
    const [row] = await session.query<{ measured: string }>(
      sql`select gate.verdict(${statement}, 'up') ->> 'measured' as measured`,
    );
    return row?.measured;
  });

it.each(newest)(
  'an observer lets no SQL run that people have not ratified, nor any that could write, on PostgreSQL %s',
  async (version) => {
    await withGate(version, {}, async (gated) => {
      const { ana, ben } = gated.people;
      const half = await ratifyFor(gated, { what: 'rollout' }, { by: [ana] });
      expect(await measures(gated, half, 'read only')).toBe('false');
      const whole = await ratifyFor(gated, { what: 'rollout' }, { by: [ana, ben] });
      expect(await measures(gated, whole, 'read only')).toBe('true');
      expect(await measures(gated, whole, 'read write')).toBe('false');
      await expect(
        gated.as('oneroof_relay', (session) => session.query(sql`select gate.verdict(${whole}, 'up')`)),
      ).rejects.toThrow('permission denied');
    });
    const change = replacing(["current_setting('transaction_read_only') = 'on' and (", '(']);
    await withGate(version, { change }, async (gated) => {
      const whole = await ratifyFor(gated, { what: 'rollout' });
      expect(await measures(gated, whole, 'read write')).toBe('true');
    });
  },
);
