import { spawnSync } from 'node:child_process';

/** One run of a command: milliseconds from call to exit, and what it said. */
export interface Run {
  readonly milliseconds: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Two things measured in turn: the median of each, and of the ratios pair by pair. */
export interface Ratio {
  readonly a: number;
  readonly b: number;
  readonly ratio: number;
}

/** Runs a command to its end and takes the time; throws when it fails. */
export function time(
  command: string,
  args: readonly string[],
  how: {
    readonly allowed?: readonly number[];
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Run {
  const { allowed = [0], cwd, env } = how;
  const began = performance.now();
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    cwd,
    env: { ...process.env, ...env },
  });
  const milliseconds = performance.now() - began;
  if (status === null || !allowed.includes(status))
    throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${error?.message ?? stderr}`);
  return { milliseconds, stdout, stderr };
}

/** The milliseconds that some work takes. */
export async function clock(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Two measurements in turn, A B A B …, so that a machine whose speed drifts treats both alike. The first pair warms up and is not counted. */
export async function compare(
  runs: number,
  a: () => number | Promise<number>,
  b: () => number | Promise<number>,
): Promise<Ratio> {
  await a();
  await b();
  const pairs: (readonly [number, number])[] = [];
  for (let run = 0; run < runs; run += 1) pairs.push([await a(), await b()]);
  return {
    a: median(pairs.map(([x]) => x)),
    b: median(pairs.map(([, y]) => y)),
    ratio: median(pairs.map(([x, y]) => x / y)),
  };
}

/** The one in the middle; not a number where there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
