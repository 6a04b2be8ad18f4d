import { type Instant, type Milliseconds, now } from '../../core/index.ts';
import { readRatifications } from '../../pipeline.io.ts';
import { type Ratifications } from '../../report/index.ts';
import { type Target } from '../../setup/index.ts';

/** What a target said, and when it was asked. */
export interface TargetWord {
  readonly target: string;
  readonly at: Instant;
  readonly ratifications: Ratifications;
}

/** One answer serves all visitors for so long; where there was none, for longer: asking costs the target a connection. Milliseconds. */
const freshness = { read: 1000, unread: 5000 } as const;
/** A page waits for a target for so long; the answer that comes later serves the next visitor. Milliseconds. */
const patience = 2500;
const look = { applicationName: 'oneroof serve', statementTimeout: patience as Milliseconds };

interface Asked {
  /** When the answer came. */
  from: number;
  state: 'asked' | 'read' | 'unread';
  readonly word: Promise<TargetWord>;
}

/** Asks targets what they say of their ratifications, read-only, each at most once at a time. */
export function openTargets(): (target: Target) => Promise<TargetWord> {
  const asked = new Map<string, Asked>();
  return (target) => {
    const { name } = target;
    let one = asked.get(name);
    if (one === undefined || (one.state !== 'asked' && performance.now() - one.from > freshness[one.state])) {
      const at = now();
      const word = readRatifications(target, look).then((ratifications) => ({ target: name, at, ratifications }));
      const next: Asked = { from: 0, state: 'asked', word };
      void word.then(({ ratifications }) => {
        [next.from, next.state] = [performance.now(), ratifications.state];
      });
      asked.set(name, next);
      one = next;
    }
    return within(one.word, { target: name, at: now() });
  };
}

async function within(word: Promise<TargetWord>, of: Pick<TargetWord, 'target' | 'at'>): Promise<TargetWord> {
  let bound: NodeJS.Timeout | undefined;
  const late = new Promise<TargetWord>((resolve) => {
    const why = `no answer within ${patience / 1000} seconds`;
    bound = setTimeout(() => resolve({ ...of, ratifications: { state: 'unread', why } }), patience);
  });
  try {
    return await Promise.race([word, late]);
  } finally {
    clearTimeout(bound);
  }
}
