import { describe, expect, it } from 'vitest';
import { ofKind } from '../../src/evidence/index.ts';
import { transactionsOf } from '../../src/rollout/index.ts';
import { newest } from '../database.io.ts';
import { application, backfill, left, none, whole } from './batches.io.ts';
import { withCommand } from './command.io.ts';

describe.each(newest)('the command with batches on PostgreSQL %s', (version) => {
  it(
    'goes on after a kill, tells how far it is, and leaves a record in which each step is applied once',
    { timeout: 400_000 },
    () =>
      withCommand(
        version,
        async (command) => {
          const statement = await command.ratify();
          for (const [verb, direction] of [
            ['rollout', 'up'],
            ['rollback', 'down'],
          ] as const) {
            // a COMMIT in the middle of the first step that has batches; what comes before it differs by direction
            const word = direction === 'up' ? 5 + 4 * 3 : 4 * 3;
            const killed = await command.run([verb, 'release'], { word, moment: 'answered', by: 'kill' });
            expect(killed.signal, killed.stderr).toBe('SIGKILL');
            const runbook = await command.run(['runbook', 'release']);
            expect(runbook.stdout, runbook.stderr).toMatch(
              /Half way: 2-fill (up|down), 0 of 2 statements are committed, and \d batch(es)? of the next one, with \d+ rows\./,
            );
            const on = await command.run([verb, 'release']);
            expect(on.status, on.stderr).toBe(0);
            // the observer of this home may not see the lag of replicas, or there is none to see
            expect(await left(command)).toEqual(direction === 'up' ? whole : none);
          }
          const pieces = ofKind(await command.store.of(command.sealed.seal), 'execution');
          const lines = pieces.flatMap((one) => (one.readable && one.body.statement === statement ? [one.body] : []));
          const told = transactionsOf(lines).map(
            ({ direction, tier, steps, outcome }) => `${direction} ${tier} ${steps[1]} ${outcome}`,
          );
          expect(told).toEqual([
            'up 1-default 1 applied',
            'up 2-fill 1 not-applied',
            'up 2-fill 1 applied',
            'up 2-fill 2 applied',
            'up 2-fill 0 applied',
            'down 2-fill 1 not-applied',
            'down 2-fill 1 applied',
            'down 2-fill 2 applied',
            'down 2-fill 0 applied',
            'down 1-default 1 applied',
          ]);
          // no line of its own for each batch
          expect(lines).toHaveLength(2 * told.length);
        },
        { files: backfill, more: application },
      ),
  );
});
