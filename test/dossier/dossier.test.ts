import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { now } from '../../src/core/index.ts';
import { buildDossier, dossierText } from '../../src/dossier/index.ts';
import { evidenceOf, type ExampleFacts, rehearseExample } from './example.io.ts';

let facts: ExampleFacts;
beforeAll(async () => {
  facts = await rehearseExample();
}, 120_000);

describe('the dossier of the worked example', () => {
  it('x', () => {
    const { sealed, rehearsal, reading } = facts;
    const d = buildDossier({
      sealed,
      evidence: evidenceOf(sealed, [['rehearsal', rehearsal]]),
      target: 'trial',
      production: false,
      reading,
      now: now(),
    });
    writeFileSync('/tmp/d.txt', dossierText(d));
    writeFileSync('/tmp/d.json', JSON.stringify(d, null, 1));
    expect(rehearsal.problems).toEqual([]);
  });
});
