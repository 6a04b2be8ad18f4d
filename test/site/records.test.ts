import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { digest, now } from '../../src/core/index.ts';
import { openFolderStore } from '../../src/evidence/index.ts';
import { readable } from '../../src/evidence-kinds/index.ts';
import { exampleFolder } from '../../src/demo/index.ts';
import { sealRelease } from '../../src/release/index.ts';
import { openLooks } from '../../src/site/looks.io.ts';
import { openRecords } from '../../src/site/records.io.ts';
import { readSetup } from '../../src/setup/index.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oneroof-records-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const seal = digest('seal', ['records']);
const body = { version: 1 };

it('a page shows what another process recorded just before it was asked for', async () => {
  const command = readable(openFolderStore(folder));
  const records = openRecords(readable(openFolderStore(folder)));
  expect(await records.all()).toEqual([]);
  for (const count of [1, 2, 3]) {
    await command.append({ kind: 'golden', seal, body }, now());
    const record = await records.of(seal);
    expect(record?.entries).toHaveLength(count);
    expect(await record?.evidence()).toHaveLength(count);
  }
});

it('as long as nothing is added, all visitors share one reading of the store', async () => {
  const store = readable(openFolderStore(folder));
  await store.append({ kind: 'golden', seal, body }, now());
  let readings = 0;
  const entries = (): ReturnType<typeof store.entries> => {
    readings += 1;
    return store.entries();
  };
  const records = openRecords({ ...store, entries });
  await Promise.all(Array.from({ length: 50 }, () => records.all()));
  await records.all();
  expect(readings).toBe(1);
});

it('events, webhooks and the interface share that reading too, and a piece is shown of what its release has read', async () => {
  const store = readable(openFolderStore(folder));
  await store.append({ kind: 'golden', seal, body }, now());
  const readings = { entries: 0, of: 0 };
  const records = openRecords({
    ...store,
    entries: () => {
      readings.entries += 1;
      return store.entries();
    },
    of: (which) => {
      readings.of += 1;
      return store.of(which);
    },
  });
  for (let n = 0; n < 20; n += 1) {
    expect(await records.store.entries()).toHaveLength(1);
    expect(await (await records.of(seal))?.evidence()).toHaveLength(1);
  }
  expect(readings).toEqual({ entries: 1, of: 1 });
  // the control: once something is added, all of it is read again
  await store.append({ kind: 'golden', seal, body }, now());
  expect(await records.store.entries()).toHaveLength(2);
  expect(await (await records.of(seal))?.evidence()).toHaveLength(2);
  expect(readings).toEqual({ entries: 2, of: 2 });
});

it('all visitors share one look at a target, until something was recorded, on whatever server', async () => {
  writeFileSync(
    join(folder, 'oneroof.yaml'),
    'targets: { production: { url: "postgres://nobody@localhost:1/none" } }\n',
  );
  const setup = await readSetup(folder, {});
  // a seal is written into the release: never into the example itself
  cpSync(exampleFolder(), join(folder, 'release'), { recursive: true });
  const sealed = await sealRelease(join(folder, 'release'));
  const looks = openLooks(setup, openRecords(readable(openFolderStore(folder))));
  const look = () => looks.occasion(sealed, 'production');
  const first = await look();
  expect(await look()).toBe(first);
  await openFolderStore(folder).append({ kind: 'ratification', seal, body }, now());
  const second = await look();
  expect(second).not.toBe(first);
  expect(await look()).toBe(second);
});
