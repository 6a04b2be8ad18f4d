import { explainAge, explainOrigin, type Golden } from '../clone/index.ts';
import { formatDuration, type Milliseconds } from '../core/index.ts';
import { explainProduction, type Rehearsal } from '../rehearsal/index.ts';
import { type FoundEvidence } from './find.ts';
import { type Component } from './report.ts';

interface Copied {
  readonly golden: FoundEvidence<Golden>;
  readonly rehearsal: FoundEvidence<Rehearsal>;
}

/** Where the copy came from that a rehearsal ran on, how old it was then, and what it does not contain; empty where there is none. */
export function copyOf({ golden, rehearsal }: Copied): string[] {
  if (rehearsal.found) {
    const { golden: used, startedAt: moment } = rehearsal.body;
    return [explainAge(used, { moment, what: 'the rehearsal' }), ...explainOrigin(used)];
  }
  return golden.found ? [...explainOrigin(golden.body)] : [];
}

type Harness = readonly [Component['status'], { readonly text: string; readonly citations: Component['citations'] }];

/** Whether the clone of the rehearsal was made and dropped, and of which copy it was. */
export function harnessOf({ golden, rehearsal }: Copied): Harness {
  // where it was recorded and cannot be read, what a rehearsal said of another moment does not replace it
  const isAbsent = !golden.found && golden.citations.length === 0;
  const body = golden.found ? golden.body : isAbsent && rehearsal.found ? rehearsal.body.golden : null;
  const citations = [...golden.citations, ...rehearsal.citations];
  if (body === null) {
    const text = golden.found ? '' : golden.reason;
    return ['NO-GO', { text, citations }];
  }
  const clone = rehearsal.found ? rehearsal.body.clone : null;
  const production = rehearsal.found ? rehearsal.body.production : undefined;
  const stood = production === undefined ? '' : ` At the time of the rehearsal, ${explainProduction(production)}.`;
  const end =
    clone === null
      ? 'No rehearsal clone on record.'
      : clone.kept !== null
        ? `Rehearsal clone created and kept: ${clone.kept}.`
        : clone.dropMs === null
          ? 'Rehearsal clone created; its drop was not recorded.'
          : `Rehearsal clone created (${time(clone.durationMs)}) & dropped (${time(clone.dropMs)}).`;
  const [origin] = explainOrigin(body);
  return [
    'RETAINED',
    {
      text: `Golden generation ${body.generation} (${body.database}, taken ${body.takenAt}, ${body.method}): ${origin}.${stood} ${end}`,
      citations,
    },
  ];
}

function time(value: number): string {
  return formatDuration(value as Milliseconds);
}
