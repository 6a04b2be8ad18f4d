import { spawnSync } from 'node:child_process';

/** One run of a command: milliseconds from call to exit, and the largest resident set in MiB where the command prints it. */
export interface Run {
  readonly milliseconds: number;
  readonly stdout: string;
}

/** Runs a command to its end and takes the time; throws when it fails. */
export function time(command: string, args: readonly string[], allowed: readonly number[] = [0]): Run {
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
  const milliseconds = performance.now() - began;
  if (status === null || !allowed.includes(status))
    throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return { milliseconds, stdout };
}

/** Two commands in turn, A B A B …, so that a machine whose speed drifts treats both alike; the median of the ratios pair by pair. */
export function compare(
  runs: number,
  a: () => number,
  b: () => number,
): { readonly a: number; readonly b: number; readonly ratio: number } {
  a();
  b();
  const pairs = Array.from({ length: runs }, () => [a(), b()] as const);
  return {
    a: median(pairs.map(([x]) => x)),
    b: median(pairs.map(([, y]) => y)),
    ratio: median(pairs.map(([x, y]) => x / y)),
  };
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
