import { type Instant, type Milliseconds, now, keep } from '../../core/index.ts';
import { readRatifications } from '../../report/index.ts';
import { type Ratifications } from '../../report/index.ts';
import { type Target } from '../../setup/index.ts';

/** What a target said, and when it was asked. */
export interface TargetAnswer {
  readonly target: string;
  readonly at: Instant;
  readonly ratifications: Ratifications;
}

/** One answer serves all visitors for so long; where there was none, for longer: asking costs the target a connection. Milliseconds. */
const lifetime = { read: 1000, unread: 5000 } as const;
/** A page waits for a target for so long; the answer that comes later serves the next visitor. Milliseconds. */
const patience = 2500;
const look = { applicationName: 'oneroof serve', statementTimeout: patience as Milliseconds };

/** Reads from targets the state of the ratifications of a release, read-only, each at most once at a time. */
export function openTargets(): (target: Target, seal: string) => Promise<TargetAnswer> {
  const words = keep<TargetAnswer>({ lifetime: ({ ratifications }) => lifetime[ratifications.state] });
  return (target, seal) => {
    const of = { target: target.name, at: now() };
    const read = async (): Promise<TargetAnswer> => ({
      ...of,
      ratifications: await readRatifications(target, seal, look),
    });
    return within(words.of(`${seal} ${target.name}`, read), of);
  };
}

async function within(word: Promise<TargetAnswer>, of: Pick<TargetAnswer, 'target' | 'at'>): Promise<TargetAnswer> {
  let bound: NodeJS.Timeout | undefined;
  const late = new Promise<TargetAnswer>((resolve) => {
    const why = `no answer within ${patience / 1000} seconds`;
    bound = setTimeout(() => resolve({ ...of, ratifications: { state: 'unread', why } }), patience);
  });
  try {
    return await Promise.race([word, late]);
  } finally {
    clearTimeout(bound);
  }
}
