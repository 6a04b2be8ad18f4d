import { now, OneRoofError, printable, stated } from '../core/index.ts';
import { ofKind } from '../evidence/index.ts';
import { withOwn } from '../people/index.ts';
import { type Direction, type SealedRelease } from '../release/index.ts';
import { type Epoch, type Execution, missingLines, type Progress } from '../rollout/index.ts';
import { openBeside } from './beside.io.ts';
import { type Store } from './kinds.ts';

/** The record of one cycle in one target while a command works on it. */
export interface Recorder {
  /**
   * Records a line. Where the store cannot be written, an outcome is kept beside, and on the way down an intent too: a rollback does not wait for
   * evidence.
   *
   * Errors  those of the store for an intent up, before anything is begun; RECORD_MISSING for a tier that is applied, up; EVIDENCE_UNWRITABLE
   *         where a line cannot be kept beside either.
   */
  record(line: Execution): Promise<void>;
  /** Adds what the record lacks by the gate's rows, and what was kept beside; answers how many lines. `ended`: as in `missingLines`. */
  complete(progress: Progress, ended: Epoch | null): Promise<number>;
  /** How many lines this command kept beside, and where. */
  kept(): { readonly lines: number; readonly file: string };
}

/** What a record is of. */
export interface RecorderPlan extends Pick<Execution, 'target' | 'statement' | 'direction'> {
  readonly sealed: SealedRelease;
  /** Where lines are kept beside the store. */
  readonly folder: string;
  readonly standbys: 'none' | 'may-lack';
  /** What completes the record later. */
  readonly command: string;
}

/** Opens the record of a cycle. */
export function openRecorder(store: Store, plan: RecorderPlan): Recorder {
  const { sealed, target, statement, direction, standbys } = plan;
  const beside = openBeside(plan.folder, plan);
  let lines = 0;
  const append = async (body: Execution): Promise<void> => {
    await store.append({ kind: 'execution', seal: sealed.seal, body }, now());
  };
  const keep = async (line: Execution, cause: unknown): Promise<void> => {
    await beside.keep(line).catch((second: unknown) => {
      throw new OneRoofError('EVIDENCE_UNWRITABLE', {
        ...stated`${{ execution: whatOf(line) }} could be recorded neither in the evidence (${{ said: textOf(cause) }}) nor in ${{ file: printable(beside.file) }} (${{ fileSaid: textOf(second) }})`,
        fix: `${stateOf(line)}; make one of the two writable, then run: ${plan.command}`,
        cause,
      });
    });
    lines += 1;
  };
  return {
    record: async (line) => {
      try {
        // once it could not be written, the rest follows: the lines stay in their order
        if (lines > 0) throw new Error('a line before it is kept beside');
        return await append(line);
      } catch (cause) {
        if (line.phase === 'intent' && direction === 'up') throw cause;
        await keep(line, cause);
        if (line.phase === 'applied' && direction === 'up') throw missing(line, { cause, command: plan.command });
      }
    },
    complete: async (progress, ended) => {
      if (lines > 0) return 0;
      const recorded = await executionsOf(store, plan);
      const { name } = sealed.release;
      const missed = missingLines({
        release: sealed.release,
        cycle: { release: name, seal: sealed.seal, target, statement },
        progress,
        recorded: recorded.map(({ body }) => body),
        beside: await beside.read(),
        ended,
        standbys,
        at: now(),
      });
      for (const line of missed) await append(line);
      await beside.remove();
      return missed.length;
    },
    kept: () => ({ lines, file: beside.file }),
  };
}

/** What counts of the record of a cycle, with its places in the log. What this machine wrote itself counts here, also where its key does not. */
export async function executionsOf(
  store: Store,
  of: Pick<RecorderPlan, 'target'> & {
    readonly sealed: Pick<SealedRelease, 'seal'>;
    readonly statement: string;
  },
): Promise<readonly { readonly index: number; readonly body: Execution }[]> {
  const evidence = withOwn(await store.heard(of.sealed.seal, { target: of.target }));
  return ofKind(evidence, 'execution').flatMap((piece) =>
    piece.readable && piece.body.target === of.target && piece.body.statement === of.statement
      ? [{ index: piece.entry.index, body: piece.body }]
      : [],
  );
}

function missing(line: Execution, of: { readonly cause: unknown; readonly command: string }): OneRoofError {
  return new OneRoofError('RECORD_MISSING', {
    ...stated`${{ execution: stateOf(line) }}; the evidence lacks its record: ${{ record: whatOf(line) }} (${{ said: textOf(of.cause) }})`,
    fix: `make the evidence writable, then run: ${of.command}: it adds the record and goes on`,
    cause: of.cause,
  });
}

const words: Readonly<Record<Direction, string>> = { up: 'rollout', down: 'rollback' };

function whatOf({ phase, direction, tier, steps: [first, last] }: Execution): string {
  const steps = first === last ? `step ${first}` : `steps ${first} to ${last}`;
  return printable(`"${phase}" of the ${words[direction]} of tier ${tier}, ${steps}`);
}

function stateOf({ phase, tier, target, direction, steps: [first, last] }: Execution): string {
  const steps = first === last ? `step ${first}` : `steps ${first} to ${last}`;
  const what = `tier ${tier} ${direction}, ${steps}`;
  if (phase === 'applied') return printable(`${what} IS APPLIED in ${target} and stays applied`);
  return printable(phase === 'unknown' ? `the outcome of ${what} in ${target} is unknown` : `${what} is not applied`);
}

function textOf(cause: unknown): string {
  return printable(cause instanceof Error ? cause.message : String(cause));
}
