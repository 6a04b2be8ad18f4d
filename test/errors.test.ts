import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorsPage } from '../scripts/errors-page.ts';
import { canonicalJson, errorCodes, OneRoofError, stated } from '../src/core/index.ts';
import { caused } from './errors.record.ts';
import { neverCaused } from './errors.reporter.ts';

const root = join(import.meta.dirname, '..');

const source = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('error-codes.ts'))
  .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
  .join('\n');

describe('the error codes', () => {
  // that each is caused by a test is looked at after all of them: test/errors.reporter.ts
  it('are recorded as the product makes errors, and not as a test does', async () => {
    const codes = ['INTERNAL', 'REGISTRY_INVALID', 'SEATS_UNFILLABLE', 'JSON_NOT_CANONICAL'];
    for (const code of codes) caused.delete(code);
    expect(() => canonicalJson(Infinity)).toThrow();
    const own = new OneRoofError('INTERNAL', { ...stated`x`, fix: 'y' });
    const found = [{ code: 'REGISTRY_INVALID' }, { code: 'SEATS_UNFILLABLE' }];
    expect(found).toMatchObject([{ code: 'REGISTRY_INVALID' }, {}]);
    expect(found).not.toEqual([{ code: 'SEATS_UNFILLABLE' }]);
    await Promise.resolve();
    const seen = codes.map((code) => caused.has(code));
    expect([own.exitStatus, ...seen]).toEqual([4, false, true, false, true]);
    caused.delete('REGISTRY_INVALID');
  });

  it('are missed where no test causes them', () => {
    const all = Object.keys(errorCodes);
    expect(neverCaused(new Set(all))).toEqual([]);
    expect(neverCaused(new Set(all.slice(1)))).toEqual([all[0]]);
  });

  it('are each used by the product', () => {
    // whole words, so that SQL_FAILED is not found in another code
    expect(Object.keys(errorCodes).filter((code) => !new RegExp(`\\b${code}\\b`).test(source))).toEqual([]);
  });

  it('stand in docs/ERRORS.md as the table says', () => {
    expect(readFileSync(join(root, 'docs', 'ERRORS.md'), 'utf8')).toBe(errorsPage());
  });
});
