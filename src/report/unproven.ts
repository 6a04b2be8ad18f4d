import { type Report } from './report.ts';

/** What is not proven, a line each. Where no rehearsal has proven the rollback, that: a list of relations is empty then, and says nothing. */
export function unprovenOf({ components, notProven }: Pick<Report, 'components' | 'notProven'>): readonly string[] {
  const rollback = components.find(({ id }) => id === 'rollback');
  return [
    ...(rollback?.status === 'GO' ? [] : [`the rollback: ${rollback?.evidence ?? 'nothing was recorded'}`]),
    ...notProven.map(({ relation, reason }) => `${relation}: ${reason}`),
  ];
}
