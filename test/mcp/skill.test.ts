import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { oneroof } from '../cli/run.io.ts';

it('init --agent writes what skill prints beside a oneroof.yaml that is there, and never over a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-skill-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const config = 'targets: { production: { url: "postgres://nobody@127.0.0.1:1/none" } }\n';
  writeFileSync(join(folder, 'oneroof.yaml'), config);
  const made = oneroof(['init', '--agent', '--json'], { folder });
  const file = join(folder, '.agents', 'skills', 'oneroof', 'SKILL.md');
  expect(JSON.parse(made.stdout), made.stderr).toMatchObject({ skill: file, release: [] });
  expect(readFileSync(file, 'utf8')).toBe(oneroof(['skill'], { folder }).stdout);
  expect(readFileSync(join(folder, 'oneroof.yaml'), 'utf8')).toBe(config);
  writeFileSync(file, 'mine');
  expect(oneroof(['init', '--agent'], { folder }).stderr).toContain('[ALREADY_EXISTS]');
  expect(readFileSync(file, 'utf8')).toBe('mine');
}, 240_000);
