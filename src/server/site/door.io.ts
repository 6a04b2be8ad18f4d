import { createHash } from 'node:crypto';
import { keep } from '../kept.io.ts';
import { type State } from '../state/index.ts';

/** So many wrong tokens and cookies are looked up a minute; then only who is known already is answered. */
const mostWrong = 60;
const minute = 60_000;
/** Who was let in is not looked up again for so long; whoever is shown out may look for so long. Milliseconds. */
const trust = 5000;
/** So many visitors are remembered; the longest unseen is forgotten, and looked up again. */
const mostKnown = 2000;

/** Who may look. */
export interface Door {
  /** `busy`: too many wrong ones were tried just now. */
  knows(secret: string): Promise<'in' | 'out' | 'busy'>;
  /** A cookie for who has a token. */
  enter(token: string): Promise<{ readonly cookie: string } | 'out' | 'busy'>;
}

/**
 * Opens the door: guesses cost a bounded number of looks at the database and a bounded memory, and whoever is inside does not notice them.
 * A token cannot be guessed; what is bounded is the load.
 */
export function openDoor(state: Pick<State, 'enter' | 'knows'>): Door {
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
