import { type DriftDifference } from '../fingerprint/index.ts';
import { type CycleRow } from '../gate/index.ts';
import { type Policy, type Registry, type TargetDescriptor } from '../people/index.ts';

/** What the target of a proposal says of itself. */
export interface ProposalTarget {
  /** Every policy and registry that was in force, or is. */
  readonly policies: readonly Policy[];
  readonly registries: readonly Registry[];
  /** Null where only its record is there. */
  readonly live: {
    readonly facts: Omit<TargetDescriptor, 'schema' | 'format'>;
    /** How the schema differs from what each cycle in place has left. */
    readonly drift: readonly { readonly cycle: string; readonly differences: readonly DriftDifference[] }[];
    readonly cycles: readonly Pick<CycleRow, 'statement' | 'seal' | 'opens'>[];
  } | null;
}
