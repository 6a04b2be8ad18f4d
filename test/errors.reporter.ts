import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type Reporter, type TestModule } from 'vitest/node';
import { errorCodes } from '../src/core/index.ts';
import { allTests } from './select.io.ts';

/** The codes of the closed union that are not among these. */
export function neverCaused(caused: ReadonlySet<string>): readonly string[] {
  return Object.keys(errorCodes).filter((code) => !caused.has(code));
}

/**
 * After all tests have run: fails where one of the error codes was caused by none of them. After some of them it says nothing;
 * ONEROOF_TEST_CODES=show lists what they did not cause.
 */
export default class ErrorsReporter implements Reporter {
  private readonly shows = process.env['ONEROOF_TEST_CODES'] === 'show';
  private readonly folder = mkdtempSync(join(tmpdir(), 'oneroof-codes-'));

  onInit(): void {
    // before the workers start, which inherit it
    process.env['ONEROOF_TEST_CODES'] = this.folder;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const codes = readdirSync(this.folder).flatMap((name) => readFileSync(join(this.folder, name), 'utf8').split('\n'));
    rmSync(this.folder, { recursive: true });
    const ran = new Set(modules.map(({ moduleId }) => relative(join(import.meta.dirname, '..'), moduleId)));
    const isWhole = allTests().every((test) => ran.has(test));
    const missing = neverCaused(new Set(codes));
    if (missing.length === 0 || !(isWhole || this.shows)) return;
    process.stderr.write(`\nNo test caused these errors: ${missing.join(' ')}\n`);
    if (isWhole) process.exitCode = 1;
  }
}
