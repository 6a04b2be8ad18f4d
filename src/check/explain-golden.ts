import { formatDuration, type Milliseconds } from '../core/index.ts';
import { type CheckResult } from './check-result.ts';

/** Which rows a check was judged on, in one line: `golden copy of production, 2 d 4 h old, exact; masked: app.users.email`. */
export function explainGolden({ of, takenAt, ageMs, level, masked, role }: NonNullable<CheckResult['golden']>): string {
  const sampled = level === 'sampled' ? ': what fails on a row that it lacks is not seen' : '';
  const masks = masked.length === 0 ? 'not masked' : `masked: ${masked.join(', ')}`;
  const age = formatDuration(ageMs as Milliseconds);
  return `golden copy of ${of}, of ${takenAt.slice(0, 16).replace('T', ' ')} UTC, ${age} old, ${level}${sampled}; ${masks}; migrations run as ${role}, without superuser`;
}
