import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withDatabase } from '../database.io.ts';
import { withPlace } from '../runbooks/place.io.ts';
import { signOn } from '../signing/desk.io.ts';

/** Ten minutes late, for every reading of the clock of a process. */
const late = `const Real = Date, by = 600_000;
globalThis.Date = class extends Real {
  constructor(...parts) { if (parts.length === 0) super(Real.now() - by); else super(...parts); }
  static now() { return Real.now() - by; }
};
`;

it(
  'counts by the clock of the target, warns where this machine has another one, and shows a decline wherever the release is',
  {
    timeout: 300_000,
  },
  () =>
    withDatabase('18', (database) =>
      withPlace('18', { database }, async ({ type, home, gated }) => {
        writeFileSync(join(home, 'late.mjs'), late);
        const lately = (
          line: string,
          ...people: Parameters<typeof type> extends [string, ...infer Rest] ? Rest : never
        ) => type(`env NODE_OPTIONS=--import=${join(home, 'late.mjs')} ${line}`, ...people);
        // what was seen: the gate was complete, and the report said that no person had signed
        expect((await lately('oneroof gate release')).stderr).not.toContain('error:');
        const { reports } = JSON.parse((await lately('oneroof report release --json')).stdout) as {
          reports: { components: { id: string; status: string; evidence: string }[] }[];
        };
        expect(reports[0]?.components.find(({ id }) => id === 'ratification')).toMatchObject({
          status: 'OPEN',
          evidence: expect.stringMatching(/^Ratified for production by ANA.*BEN/) as string,
        });
        expect((await type('oneroof doctor')).stdout).not.toContain('CLOCK_DIFFERS');
        const doctor = await lately('oneroof doctor');
        expect(doctor).toMatchObject({ status: 1 });
        expect(doctor.stdout).toMatch(
          /clock of this machine is 10 min 0\d s behind the clock of production[\s\S]*timedatectl/,
        );
        expect(doctor.stdout).toContain('CLOCK_DIFFERS');
        // people are asked again, and the command ends before anyone has signed
        const asked = await lately('oneroof ratify release', async (_, interrupt) => interrupt());
        expect(asked.stderr).toMatch(
          /warning: .* behind the clock of production.*\[CLOCK_DIFFERS\]\nhint: set the clock/,
        );
        await type('oneroof ratify release', async (_, interrupt) => interrupt());
        const declined = await type(
          "oneroof decline release --reason 'the owners were not asked'",
          async ({ said }) => {
            expect(await signOn(said, gated, gated.people.ben)).toMatchObject({ ok: true });
          },
        );
        expect(declined, declined.stderr).toMatchObject({ status: 0 });
        for (const line of ['report', 'summary', 'runbook'])
          expect((await type(`oneroof ${line} release`)).stdout, line).toMatch(
            /[Dd]eclined.*BEN.*the owners were not asked/,
          );
        const pages: string[] = [];
        await type('oneroof ratify release', async ({ url }, interrupt) => {
          pages.push(await (await fetch(url)).text());
          interrupt();
        });
        expect(pages[0]).toMatch(/Declined<\/dt><dd>BEN.*the owners were not asked/);
      }),
    ),
);
