import { keep } from '../../core/index.ts';
import { createHash } from 'node:crypto';
import { type State } from '../state/index.ts';

/** The most wrong tokens and cookies that are looked up in a minute; after that only known visitors get answers. */
const mostWrong = 60;
const minute = 60_000;
/** How long a visitor's session is cached: for this time it is not looked up again, even if it was ended. Milliseconds. */
const trust = 5000;
/** So many visitors are remembered; the longest unseen is forgotten, and looked up again. */
const mostKnown = 2000;

/** Who may look. */
export interface SessionGate {
  /** `busy`: too many wrong ones were tried just now. */
  knows(secret: string): Promise<'in' | 'out' | 'busy'>;
  /** A cookie for a visitor with a token. */
  enter(token: string): Promise<{ readonly cookie: string } | 'out' | 'busy'>;
}

/**
 * Opens sign-in: guesses cost a bounded number of database queries and bounded memory, and do not affect signed-in visitors.
 * A token cannot be guessed; what is bounded is the load.
 */
export function openSessionGate(state: Pick<State, 'enter' | 'knows'>): SessionGate {
  const known = keep<boolean>({ lifetime: (isKnown) => (isKnown ? trust : 0), most: mostKnown });
  let [from, wrong] = [performance.now(), 0];
  const isBusy = (): boolean => {
    if (performance.now() - from > minute) [from, wrong] = [performance.now(), 0];
    return wrong >= mostWrong;
  };
  const look = async (secret: string): Promise<boolean> => {
    const isKnown = await state.knows(secret);
    if (!isKnown) wrong += 1;
    return isKnown;
  };
  return {
    knows: async (secret) => {
      const key = createHash('sha256').update(secret).digest('base64');
      if (!known.has(key) && isBusy()) return 'busy';
      return (await known.of(key, () => look(secret))) ? 'in' : 'out';
    },
    enter: async (token) => {
      if (isBusy()) return 'busy';
      const cookie = await state.enter(token);
      if (cookie !== null) return { cookie };
      wrong += 1;
      return 'out';
    },
  };
}
