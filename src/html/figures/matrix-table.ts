import { type Hole, type Html } from '../html-tag.ts';
import { table, tag, type Tone } from '../page-parts.ts';

/** Shows the classification matrix: every component with its status and what that rests on. */
export function matrix(
  rows: readonly { readonly component: string; readonly status: string; readonly evidence: Hole }[],
): Html {
  return table({
    columns: [{ head: 'Component' }, { head: 'Status' }, { head: 'Evidence' }],
    rows: rows.map(({ component, status, evidence }) => [component, tag(status, toneOf(status)), evidence]),
  });
}

/** The tone of a status of the report; one that is not known is shown plainly. */
export function toneOf(status: string): Tone {
  if (status === 'GO' || status === 'OPEN' || status === 'DONE') return 'go';
  if (status.startsWith('NO-GO')) return 'no';
  if (status === 'GO, HELD at gate' || status === 'CLOSED' || status === 'BLOCKED') return 'hold';
  return 'plain';
}
