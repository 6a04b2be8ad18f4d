import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withDatabase } from '../database.io.ts';
import { withPlace } from '../runbooks/place.io.ts';

/** Milliseconds; a lock that nobody can end is told of within five seconds, and a command takes a while on a busy machine. */
const atMost = 15_000;

it(
  'evidence that is lost, damaged or locked: a code, what is wrong, what to do, no long wait, and no GO',
  { timeout: 600_000 },
  () =>
    withDatabase('18', (database) =>
      withPlace('18', { database }, async ({ home, type, store }) => {
        const evidence = join(home, '.oneroof', 'evidence');
        const copy = join(home, 'copy');
        cpSync(evidence, copy, { recursive: true });
        const entries = await store.entries();
        const last = (kind: string) => {
          const found = entries.findLast((entry) => entry.kind === kind);
          if (found === undefined) throw new Error(`there is no ${kind}`);
          return { index: found.index, file: join(evidence, 'blobs', `${found.digest.slice(7)}.json`) };
        };
        const after = async (damage: () => void, line: string) => {
          rmSync(evidence, { recursive: true, force: true });
          cpSync(copy, evidence, { recursive: true });
          damage();
          const began = performance.now();
          const answer = await type(line);
          expect(performance.now() - began, line).toBeLessThan(atMost);
          return answer;
        };
        const lost = (): void => rmSync(evidence, { recursive: true });

        for (const verb of ['rollout release', 'rollout release --dry-run']) {
          const refused = await after(lost, `oneroof ${verb}`);
          expect(refused.status, refused.stdout).toBe(4);
          expect(refused.stderr).toContain('[EVIDENCE_LOST]');
          expect(refused.stderr).toMatch(/has 0 entries, but had \d+ when people ratified/);
        }
        expect((await after(lost, 'oneroof report release')).stdout).toMatch(/NO-GO +EXECUTION/);
        // who lists or bundles it is told the same, and no other log is begun in its place
        const bundle = 'bundle release --out lost.json';
        for (const verb of ['log', 'log release', bundle]) {
          const refused = await after(lost, `oneroof ${verb}`);
          expect([verb, refused.status, refused.stdout], refused.stderr).toEqual([verb, 4, '']);
          expect(refused.stderr).toContain('[EVIDENCE_LOST]');
          expect(refused.stderr).toMatch(/has 0 entries, but had \d+ when people ratified/);
          expect(existsSync(join(evidence, 'log.jsonl'))).toBe(false);
        }
        expect(existsSync(join(home, 'lost.json'))).toBe(false);
        // what nobody was asked about cannot be known to be lost
        expect((await after(lost, 'oneroof log release --offline')).status).toBe(0);
        expect((await after(lost, `oneroof ${bundle} --offline`)).stderr).toContain('[BUNDLE_INVALID]');
        // another log in its place is not taken for it
        const other = () => {
          lost();
          cpSync(copy, evidence, { recursive: true });
          for (const name of ['log.jsonl', 'checkpoint']) rmSync(join(evidence, name));
        };
        other();
        for (let n = 0; n < entries.length; n += 1) expect((await type('oneroof gate release')).status).toBe(1);
        const foreign = await type('oneroof rollout release');
        expect(foreign.stderr).toContain('[EVIDENCE_LOST]');
        expect(foreign.stderr).toContain('are not those that it had when people ratified');
        for (const verb of ['log', 'log release', bundle]) {
          const { status, stderr } = await type(`oneroof ${verb}`);
          expect([verb, status], stderr).toEqual([verb, 4]);
          expect(stderr).toContain('are not those that it had when people ratified');
        }

        for (const kind of ['dossier', 'proposal']) {
          const { index, file } = last(kind);
          for (const damage of [() => writeFileSync(file, '{}'), () => rmSync(file)]) {
            const { stdout, status } = await after(damage, 'oneroof report release --json');
            expect(status).toBe(1);
            const [report] = (JSON.parse(stdout) as { readonly reports: readonly object[] }).reports;
            expect(JSON.stringify(report)).toContain(`the ${kind} that people saw`);
            expect(JSON.stringify(report)).toContain(`entry ${index}`);
            expect(report).toMatchObject({ execution: { status: 'NO-GO' } });
            for (const verb of ['log', 'log release', 'log --offline', bundle]) {
              const broken = await after(damage, `oneroof ${verb}`);
              expect([verb, broken.status], broken.stderr).toEqual([verb, 4]);
              expect(broken.stderr).toMatch(
                new RegExp(
                  `entry ${index} \\(${kind}\\): its bytes (are missing|differ from the recorded bytes) \\[EVIDENCE_BYTES_BROKEN\\]`,
                ),
              );
            }
          }
        }
        const dossier = last('dossier');
        const told = await after(() => writeFileSync(dossier.file, '{}'), 'oneroof dossier release');
        expect(told.stderr).toContain(
          `dossier: it is damaged (entry ${dossier.index}, its bytes differ from the recorded bytes`,
        );

        const checkpoint = (): void => {
          rmSync(join(evidence, 'checkpoint'));
          mkdirSync(join(evidence, 'checkpoint'));
        };
        for (const verb of ['report release', 'gate release', 'rollout release', 'log', 'log release', bundle]) {
          const { status, stderr } = await after(checkpoint, `oneroof ${verb}`);
          expect(status).toBe(4);
          expect(stderr).toContain(
            'checkpoint cannot be read as a file of the evidence: it is a folder [EVIDENCE_UNREADABLE]',
          );
        }
        const lines = (change: (all: readonly string[]) => readonly string[]) => (): void => {
          const file = join(evidence, 'log.jsonl');
          const all = readFileSync(file, 'utf8').trimEnd().split('\n');
          writeFileSync(
            file,
            change(all)
              .map((one) => `${one}\n`)
              .join(''),
          );
        };
        const cuts = {
          EVIDENCE_LOG_TRUNCATED: lines((all) => all.slice(0, -1)),
          EVIDENCE_LINE_ORDER: lines((all) => all.slice(1)),
          EVIDENCE_LOG_BROKEN: lines((all) => ['{}', ...all.slice(1)]),
          EVIDENCE_CHECKPOINT_BROKEN: () => rmSync(join(evidence, 'checkpoint')),
        };
        for (const [code, damage] of Object.entries(cuts)) {
          const other = await after(damage, 'oneroof report release');
          for (const verb of ['log', 'log release', bundle]) {
            const { status, stderr } = await after(damage, `oneroof ${verb}`);
            expect([verb, status, stderr]).toEqual([verb, 4, other.stderr]);
            expect(stderr).toContain(`[${code}]`);
          }
        }
        // the control: nothing is wrong with it
        const whole = await after(() => undefined, 'oneroof log release --json');
        expect(whole.status, whole.stderr).toBe(0);
        expect((await after(() => undefined, 'oneroof bundle release --out whole.json')).status).toBe(0);
        const locks = {
          '4711 another-host': 'process 4711 of another-host',
          [`${process.pid} ${hostname()}`]: `process ${process.pid} of ${hostname()}`,
        };
        for (const [owner, who] of Object.entries(locks)) {
          const { status, stderr } = await after(
            () => writeFileSync(join(evidence, 'log.lock'), owner),
            'oneroof rollout release',
          );
          expect(status).toBe(4);
          expect(stderr).toContain('[EVIDENCE_UNWRITABLE]');
          expect(stderr).toContain(`was left by ${who}`);
          expect(stderr).toMatch(/rm \S+log\.lock/);
        }
        // the number of a process that is another one now: the lock is taken over
        const taken = await after(
          () => writeFileSync(join(evidence, 'log.lock'), `${process.pid} ${hostname()} 1@another-start`),
          'oneroof report release',
        );
        expect(taken.status).toBe(1);
        expect(taken.stderr).not.toContain('[EVIDENCE');
      }),
    ),
);
