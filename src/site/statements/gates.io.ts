import { OneRoofError, keep } from '../../core/index.ts';
import { type Digest } from '../../core/index.ts';
import { type CycleRow, readAccount, readReceived, type Received } from '../../gate/index.ts';
import { type Policy, type Registry } from '../../people/index.ts';
import { type ProposalTarget } from '../../proposal/index.ts';
import { targetOf } from '../../setup/index.ts';
import { readWord, withRelay } from '../../signing/index.ts';
import { type SiteServices } from '../site-services.ts';
import { outward } from '../access/index.ts';

/** What is in force in a target, and the state of every statement there. */
export interface AskedGate {
  readonly policy: Policy;
  readonly registry: Registry;
  readonly cycles: readonly CycleRow[];
  /** The seals that a quorum ended there. */
  readonly abandoned: readonly string[];
  /** What proposals are judged by. */
  readonly word: ProposalTarget;
}

/** What the gates of targets say. */
export interface Gates {
  /** Why it cannot be asked, where it cannot: then no one can sign. */
  ask(target: string): Promise<AskedGate | string>;
  /** Since when a target has had a release; null where it cannot be asked. */
  received(target: string, seal: string): Promise<Received | null>;
  /** Something was signed there. */
  forget(target: string): void;
}

/** One answer serves all visitors for so long: a page that many people reload costs production nothing. Milliseconds. */
const lifetime = 1000;

/** One answer serves every release: it contains nothing about a single release. */
const noSeal = `sha256:${'0'.repeat(64)}` as Digest;

/** Asks the gates of targets, each once at a time. */
export function openGates({ setup, onProblem }: SiteServices): Gates {
  const answers = keep<AskedGate | string>({ lifetime });
  const read = async (name: string): Promise<AskedGate | string> => {
    try {
      return await withRelay(targetOf(setup, name), 'serve', async ({ policy, registry, session, facts }) => {
        const word = await readWord(session, { facts, seal: noSeal });
        const { abandoned } = (await readAccount(session)).account;
        return { policy, registry, cycles: word.live.cycles, abandoned, word };
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!(error instanceof OneRoofError)) onProblem(`${name} could not be asked: ${why}`);
      return outward(why);
    }
  };
  const received = keep<Received | null>({ lifetime });
  const readOne = async (name: string, seal: string): Promise<Received | null> => {
    try {
      return await withRelay(targetOf(setup, name), 'serve', ({ session }) => readReceived(session, seal));
    } catch (error) {
      if (!(error instanceof OneRoofError)) onProblem(`${name} could not be asked when it received ${seal}`);
      return null;
    }
  };
  return {
    received: (name, seal) => received.of(`${name} ${seal}`, () => readOne(name, seal)),
    ask: (name) => answers.of(name, () => read(name)),
    forget: (name) => answers.forget(name),
  };
}
