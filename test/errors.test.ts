import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorsPage } from '../scripts/errors-page.ts';
import { errorCodes } from '../src/core/index.ts';

const root = join(import.meta.dirname, '..');

function textsOf(folder: string, except: string): string {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith(except))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'))
    .join('\n');
}

/** Whole words, so that SQL_FAILED is not found in another code. */
const missingFrom = (text: string): string[] =>
  Object.keys(errorCodes).filter((code) => !new RegExp(`\\b${code}\\b`).test(text));

describe('the error codes', () => {
  it('are each caused by a test', () => {
    expect(missingFrom(textsOf('test', 'errors.test.ts'))).toEqual([]);
  });

  it('are each used by the product', () => {
    expect(missingFrom(textsOf('src', 'error-codes.ts'))).toEqual([]);
  });

  it('stand in docs/ERRORS.md as the table says', () => {
    expect(readFileSync(join(root, 'docs', 'ERRORS.md'), 'utf8')).toBe(errorsPage());
  });
});
