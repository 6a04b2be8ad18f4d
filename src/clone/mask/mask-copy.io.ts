import { OneRoofError, stated } from '../../core/index.ts';
import { type Connection, openSession, type Session } from '../../database/index.ts';
import { type MaskSetup } from '../../setup/index.ts';
import { type GoldenMasks } from '../clone.ts';
import { maskDigest } from './mask-plan.ts';
import { namedBy, runMaskCommand } from './mask-command.io.ts';
import { maskRows, refused } from './mask-rows.io.ts';
import { findMaskTargets } from './mask-targets.io.ts';
import { removeOldFiles, rewriteMasked } from './old-values.io.ts';

/** A copy that no clone can be made of yet. */
export interface UnopenedCopy {
  /** As a superuser. */
  readonly connection: Connection;
  readonly mask: MaskSetup | undefined;
  /** The data directory of its server, where that is a private one: then no old value remains in it. */
  readonly data: string | null;
  /** Ends a program that masks. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Masks a copy before it becomes a golden one, and removes the old values. Absent masks: nothing is done.
 *
 * Shape   what the record of the golden copy says of it: nothing, or `masks`.
 * Errors  CLONE_MASK_INVALID, CLONE_MASK_FAILED: whoever calls this drops the copy then.
 */
export async function maskCopy(copy: UnopenedCopy): Promise<{ readonly masks?: GoldenMasks }> {
  const { connection, mask, data } = copy;
  const digest = maskDigest(mask);
  if (mask === undefined || digest === null) return {};
  const session = await openSession(connection, { applicationName: 'oneroof golden', settings: quiet });
  try {
    const targets = await findMaskTargets(session, allColumns(mask));
    const masked = await maskRows(session, await findMaskTargets(session, mask));
    const command = mask.command;
    const commanded =
      command === undefined
        ? { columns: [], views: masked.views }
        : await runMaskCommand(session, { connection, command, logging: quiet, signal: copy.signal });
    const { views } = commanded;
    await rewriteMasked(session, { targets, views });
    if (data !== null) await removeOldFiles(session, data);
    return { masks: { digest, columns: [...masked.columns, ...commanded.columns], views } };
  } catch (error) {
    throw refused(error, 'the copy');
  } finally {
    await session.close();
  }
}

/** No statement and no value of it comes into the log of the server, whatever the database or its roles have set. */
const quiet = {
  log_min_messages: 'panic',
  log_min_error_statement: 'panic',
  log_statement: 'none',
  log_duration: 'off',
  log_min_duration_statement: '-1',
  log_min_duration_sample: '-1',
  log_transaction_sample_rate: '0',
  default_transaction_read_only: 'off',
  work_mem: '64MB',
  maintenance_work_mem: '256MB',
};

/**
 * Requires that masks can be applied, as far as a session on production or its copy tells before anything is copied.
 *
 * Errors  CLONE_MASK_INVALID.
 */
export async function requireMasks(session: Session, mask: MaskSetup | undefined): Promise<void> {
  if (mask !== undefined) await findMaskTargets(session, allColumns(mask));
}

/** The columns of a program beside the others, so that none is masked twice. */
function allColumns({ columns, command }: MaskSetup): Pick<MaskSetup, 'columns'> {
  return { columns: [...columns, ...namedBy(command)] };
}

/**
 * Refuses a golden copy with other masks than oneroof.yaml has now, in either direction.
 *
 * Errors  CLONE_MASK_STALE.
 */
export function requireSameMasks(
  golden: { readonly masks?: GoldenMasks | undefined },
  { mask }: { readonly mask?: MaskSetup },
): void {
  const [is, wanted] = [golden.masks?.digest ?? null, maskDigest(mask)];
  if (is === wanted) return;
  throw new OneRoofError('CLONE_MASK_STALE', {
    ...(is === null
      ? stated`the golden copy is not masked, and oneroof.yaml has masks`
      : stated`the golden copy was masked by other expressions than oneroof.yaml has now${wanted === null ? ': it has none' : ''}`),
    fix: 'take a new one: oneroof clone golden',
  });
}
