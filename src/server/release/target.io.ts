import { type Instant, type Milliseconds, now } from '../../core/index.ts';
import { readRatifications } from '../../report/index.ts';
import { type Ratifications } from '../../report/index.ts';
import { type Target } from '../../setup/index.ts';
import { keep } from '../kept.io.ts';

/** What a target said, and when it was asked. */
export interface TargetWord {
  readonly target: string;
  readonly at: Instant;
  readonly ratifications: Ratifications;
}

/** One answer serves all visitors for so long; where there was none, for longer: asking costs the target a connection. Milliseconds. */
const lifetime = { read: 1000, unread: 5000 } as const;
/** A page waits for a target for so long; the answer that comes later serves the next visitor. Milliseconds. */
const patience = 2500;
const look = { applicationName: 'oneroof serve', statementTimeout: patience as Milliseconds };

/** Asks targets what they say of their ratifications, read-only, each at most once at a time. */
export function openTargets(): (target: Target) => Promise<TargetWord> {
  const words = keep<TargetWord>({ lifetime: ({ ratifications }) => lifetime[ratifications.state] });
  return (target) => {
    const of = { target: target.name, at: now() };
    const read = async (): Promise<TargetWord> => ({ ...of, ratifications: await readRatifications(target, look) });
    return within(words.of(target.name, read), of);
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
