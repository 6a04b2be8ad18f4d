import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { screen } from './screen.ts';
import { hasTerminals, play, withDesk } from './session.io.ts';

const time = { timeout: 180_000 };
const seats = [
  { where: 'in a pipe', columns: null },
  { where: 'on a terminal of 80 columns', columns: 80 },
] as const;

describe.each(seats)('a session $where', ({ columns }) => {
  const tested = columns === null || hasTerminals ? it : it.skip;

  tested('begins a release and mends what is wrong with it', time, () =>
    withDesk(async (desk) => {
      const written = await play(desk, 'begin', { columns });
      if (columns === null) expect([...written.values()].join('')).not.toContain('\u001b');
    }),
  );

  tested('shows what a rehearsal finds wrong', time, () =>
    withDesk(async (desk) => void (await play(desk, 'failed', { columns }))),
  );

  tested('names the cause first, and every problem of a file', time, () =>
    withDesk(async (desk) => void (await play(desk, 'causes', { columns }))),
  );

  tested('takes a release from its rehearsal to its evidence', time, () =>
    withDesk(async (desk) => {
      const written = await play(desk, 'release', { columns });
      const rehearsed = written.get('oneroof rehearse release') ?? '';
      if (columns === null) {
        expect([...written.values()].join('')).not.toContain('\u001b');
        expect(rehearsed).not.toContain('now ');
      } else {
        // it moved while it was at work, and nothing of it stayed
        expect(rehearsed).toMatch(/now {5}[a-z-]+.* \d+ s/);
        expect(screen(rehearsed)).not.toContain('now ');
      }
    }),
  );
});

(hasTerminals ? describe : describe.skip)('on a terminal', () => {
  it('says while a rollout is at work where it is and who it waits for', time, () =>
    withDesk(async ({ deeds, gated, type }) => {
      for (const deed of ['oneroof.yaml is filled in', 'a release is written', 'ana and ben ratify'])
        await deeds[deed]?.();
      await deeds['the owners are ready']?.();
      // one statement, so that it ends by itself while this process waits for the command
      const held = gated.as('app_owner', (session) =>
        session.run('do $$ begin lock table public.t in exclusive mode; perform pg_catalog.pg_sleep(8); end $$'),
      );
      await sleep(500);
      const { raw, status } = type('oneroof rollout release', { columns: 80 });
      await held;
      expect(status, raw).toBe(0);
      expect(raw).toMatch(/now {4}1-rows .*statement 1 of 2/);
      expect(raw).toMatch(/waits.* for session \d+/);
      expect(screen(raw)).toMatch(/done.* +1-rows/);
      expect(screen(raw)).not.toContain('now ');
    }),
  );

  it('keeps within the columns of a narrow terminal, and is plain where that is asked for', time, () =>
    withDesk(async ({ deeds, type }) => {
      for (const deed of ['oneroof.yaml is filled in', 'a release is written']) await deeds[deed]?.();
      expect(type('oneroof seal release', { columns: 80 }).status).toBe(0);
      const { raw } = type('oneroof gate release', { columns: 40 });
      expect(raw).toContain('\u001b[');
      const lines = screen(raw)
        .replace(/<\/?[a-z]*>/g, '')
        .split('\n');
      expect(lines.filter((line) => line.length > 40)).toEqual([]);
      expect(lines.length).toBeGreaterThan(5);
      const asked = (env: NodeJS.ProcessEnv): string => type('oneroof gate release', { columns: 80, env }).raw;
      expect(asked({ NO_COLOR: '1' })).not.toMatch(/\u001b\[[0-9;]*m/);
      for (const env of [{ CI: 'true' }, { TERM: 'dumb' }]) expect(asked(env)).not.toContain('\u001b');
    }),
  );
});
