import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

it('the map of the code names every folder of src, and no other', () => {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
    .split('## Where things are')[1]
    ?.split('## Rules')[0];
  const cells = [...(text ?? '').matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell = '']) => cell);
  const named = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
  const real = readdirSync(join(root, 'src')).map((name) => name.replace(/(\.io)?\.ts$/, ''));
  expect(named.toSorted()).toEqual(real.toSorted());
});
