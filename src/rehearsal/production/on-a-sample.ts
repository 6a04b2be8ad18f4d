import { type Golden, isSampled } from '../../clone/index.ts';
import { type Problem, stated } from '../../core/index.ts';

/** Whether the policy lets rehearsals on a sample of production count. What is absent or not known does not. */
export type SampledRehearsals = 'allowed' | 'not allowed';

/**
 * Why a rehearsal does not count: its copy lacked rows of production, and the policy does not allow that. Null where it counts.
 *
 * Stops: a rollout whose times, locks and constraints were tried on a few rows, and no one decided that this is enough.
 */
export function sampledProblem(
  { golden }: { readonly golden: Pick<Golden, 'proofLevel' | 'sample'> },
  allowed: SampledRehearsals,
): Problem | null {
  if (allowed === 'allowed' || !isSampled(golden)) return null;
  const tables = golden.sample?.tables ?? [];
  return {
    code: 'REHEARSAL_SAMPLED',
    ...stated`the rehearsal ran on a sample of production: ${tables.length === 1 ? '1 table' : `${tables.length} tables`} of its copy lack rows, and the policy does not allow that`,
    fix: 'rehearse on every row: remove `sample` from `clone` of oneroof.yaml, then oneroof rehearse --golden; or let the quorum sign a policy with `rehearsal: { sampled: allowed }`',
  };
}
