import { expect, it } from 'vitest';
import { histories } from '../../src/import/tool-histories.ts';
import { historyNames } from '../../src/release/index.ts';

it('the names of histories are those that are read', () => {
  expect(historyNames).toEqual(Object.fromEntries(Object.entries(histories).map(([tool, { table }]) => [tool, table])));
});
