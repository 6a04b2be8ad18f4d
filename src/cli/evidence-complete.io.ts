import { type Digest, OneRoofError, printable, stated } from '../core/index.ts';
import { openObserver } from '../database/index.ts';
import { chooseCycle, lacksSeats, readCycles, readStatementBody } from '../gate/index.ts';
import { parseStatement } from '../people/index.ts';
import { rootsOf } from '../proposal/index.ts';
import { type Target } from '../setup/index.ts';
import { type ReleaseTools } from './work.io.ts';

/**
 * Refuses where the evidence is not the one, or no longer all of it, that the head of the log in the signed bytes covers. The gate does not
 * depend on evidence, but what is done without it cannot be explained afterwards.
 *
 * Errors  EVIDENCE_LOST.
 */
export async function requireWhole({ store, setup }: Omit<ReleaseTools, 'sealed'>, body: string | null): Promise<void> {
  const parsed = body === null ? null : parseStatement(body);
  if (parsed?.ok !== true || parsed.statement.kind !== 'ratification') return;
  const { size, root } = parsed.statement.predicate.log;
  const log = await store.log();
  if (size === 0 || rootsOf(log)(size) === root) return;
  const { length } = log.lines;
  throw new OneRoofError('EVIDENCE_LOST', {
    ...(length < size
      ? stated`the evidence has ${{ entries: length }} entries, but had ${{ ratifiedEntries: size }} when people ratified: entries were lost, or it is another log`
      : stated`the first ${{ ratifiedEntries: size }} entries of the evidence are not those that it had when people ratified`),
    fix: `restore it from a copy, or set \`evidence:\` in ${printable(setup.file)}; if it is permanently lost: rehearse and ratify again`,
  });
}

/**
 * Asks a target which logs people saw when they ratified, and refuses where this one does not hold them: the ratification that a rollout would
 * take, of one release, or of each release in the log; of an empty log, of each that the target knows. Answers why it could not be asked, or null.
 *
 * Errors  EVIDENCE_LOST; those of the store.
 */
export async function requireUnlost(
  work: Omit<ReleaseTools, 'sealed'>,
  { target, seal, applicationName }: { readonly target: Target; readonly seal: Digest | null; applicationName: string },
): Promise<string | null> {
  const { lines } = await work.store.log();
  const recorded = new Set<string>(lines.map(({ entry }) => entry.seal));
  const isMeant = (of: string): boolean => (seal === null ? lines.length === 0 || recorded.has(of) : of === seal);
  let bodies: readonly (string | null)[];
  try {
    bodies = await ratifiedIn(target, { isMeant, applicationName });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  for (const body of bodies) await requireWhole(work, body);
  return null;
}

async function ratifiedIn(
  { observer: connection }: Target,
  { isMeant, applicationName }: { readonly isMeant: (seal: string) => boolean; readonly applicationName: string },
): Promise<readonly (string | null)[]> {
  const observer = await openObserver(connection, { applicationName });
  try {
    return await observer.snapshot(async (session) => {
      const cycles = await readCycles(session);
      const bodies: (string | null)[] = [];
      for (const seal of new Set(cycles.map((one) => one.seal))) {
        const cycle = isMeant(seal) ? chooseCycle(cycles, { seal }) : null;
        // one that waits for signatures may have been asked for on another machine, with evidence of its own
        if (cycle !== null && !lacksSeats(cycle)) bodies.push(await readStatementBody(session, cycle.statement));
      }
      return bodies;
    });
  } finally {
    await observer.close();
  }
}
