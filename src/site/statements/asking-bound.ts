import { type Instant } from '../../core/index.ts';
import { type Entry } from '../../evidence/index.ts';

/** The most statements of one release that are proposed within an hour, on all targets, until it is rehearsed again. */
const mostAnHour = 6;
const hour = 3_600_000;

/** Whether people may be asked again, by what was recorded of the release. */
export function mayAsk(entries: readonly Entry[], at: Instant): boolean {
  const since = entries.slice(entries.findLastIndex(({ kind }) => kind === 'rehearsal') + 1);
  const recent = since.filter(
    ({ kind, recordedAt }) => kind === 'proposal' && Date.parse(at) - Date.parse(recordedAt) < hour,
  );
  return recent.length < mostAnHour;
}
