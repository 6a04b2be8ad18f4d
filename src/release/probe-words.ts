import { formatDuration, type Milliseconds, printable } from '../core/index.ts';
import { id } from '../database/index.ts';
import { type Probe } from './probe.ts';
import { type Tier } from './release.ts';

/** How the statements of an outside tier run, for people; null: the tier is of another kind. */
export function explainOutside({ transaction, wait }: Pick<Tier, 'transaction' | 'wait'>): string | null {
  if (transaction !== 'outside') return null;
  const most = wait === undefined ? '' : `, up to ${formatDuration(wait as Milliseconds)}`;
  return `outside of any transaction, one statement after the other: each is final when it ends, and ROLLBACK cannot undo it; each may wait for every older transaction of the database${most}`;
}

/**
 * How the gate decides whether a statement is done, and what it does with what a cut-off one has left; for people.
 *
 * Source  src/gate/sql/outside.sql.ts
 */
export function explainProbe(probe: Probe): string {
  return printable(sentence(probe));
}

function sentence(probe: Probe): string {
  switch (probe.act) {
    case 'create-index': {
      const index = named(probe.schema, probe.name);
      return `the gate reads whether index ${index} is there and valid; an invalid one was cut off: the gate drops it and builds it again`;
    }
    case 'drop-index':
      return `the gate reads whether index ${named(probe.schema, probe.name)} is gone; one that is still there, also an invalid one, it drops again`;
    case 'reindex':
      return `the gate reads whether ${probe.object} ${named(probe.schema, probe.name)} has new, valid indexes; an invalid index whose name ends in _ccnew or _ccold was left by a cut-off run: the gate drops it and runs the statement again`;
    case 'detach':
      return `the gate reads whether ${partitionOf(probe)}; a detach that is pending was cut off: the gate ends it with FINALIZE`;
    case 'finalize':
      return `the gate reads whether ${partitionOf(probe)}; one that is still pending it ends again`;
    case 'vacuum':
      return `the answer of the server decides, because VACUUM of ${named(probe.schema, probe.name)} leaves nothing to read; where no answer came, the gate runs it again`;
    default:
      return probe satisfies never;
  }
}

function partitionOf(probe: Extract<Probe, { readonly act: 'detach' | 'finalize' }>): string {
  return `${named(probe.partitionSchema, probe.partition)} is no partition of ${named(probe.schema, probe.table)} any more`;
}

function named(schema: string | null, name: string): string {
  return id(...(schema === null ? [] : [schema]), name).text;
}
