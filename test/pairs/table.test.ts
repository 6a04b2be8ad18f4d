import { expect, test } from 'vitest';
import { agreementOf, type Judged, lineOf, summaryOf } from '../../scripts/pairs/table.ts';

function judged(ours: Judged['ours']['verdict'], truth: Judged['truth']['verdict']): Judged {
  return {
    pair: 'a',
    truth: { verdict: truth, why: ['gone: t'], sql: 10, all: 100 },
    ours: { verdict: ours, why: ['BACK_DIFFERS: t'], lint: [], varies: [], total: 90, sql: 5 },
    command: null,
  };
}

test.each([
  ['GO', 'equal', 'agree'],
  ['GO', 'different', 'wrong GO'],
  ['GO', 'down fails', 'wrong GO'],
  ['GO', 'up fails', 'wrong GO'],
  ['NO-GO', 'equal', 'wrong NO-GO'],
  ['broken', 'equal', 'wrong NO-GO'],
  ['refused', 'equal', 'refused'],
  ['refused', 'different', 'agree'],
  ['NO-GO', 'different', 'agree'],
] as const)('%s beside %s is %s', (ours, truth, agreement) => {
  const one = judged(ours, truth);
  expect(agreementOf(one)).toBe(agreement);
  // both say why, where they do not agree
  for (const reason of ['ours: BACK_DIFFERS: t', 'judge: gone: t'])
    expect(lineOf(one).includes(reason)).toBe(agreement !== 'agree');
  expect(summaryOf('ours', [one])).toContain(agreement === 'refused' ? 'refused although equal 1' : `${agreement} 1`);
});
