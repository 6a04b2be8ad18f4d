import { type Ratio } from './measure.io.ts';

/** One line of the table: what is divided by what, and what the ratio should be at most. */
export interface Line {
  readonly name: string;
  readonly goal?: number;
  readonly unit?: 'ms' | 'MiB';
}

let broken = 0;

/**
 * Measures one line and prints it. A text instead of a ratio says why the line is skipped; an error is printed in the line's place, so
 * that the others are not lost with it.
 */
export async function line(of: Line, measure: () => Promise<Ratio | string>): Promise<Ratio | null> {
  try {
    const measured = await measure();
    if (typeof measured === 'string') {
      print(of.name, `skipped: ${measured}`);
      return null;
    }
    const { a, b, ratio } = measured;
    const goal = of.goal === undefined ? '' : `<= ${of.goal.toFixed(2)} x`;
    const verdict = of.goal === undefined ? '' : ratio <= of.goal ? 'met' : 'missed';
    const parts = `${a.toFixed(0)} / ${b.toFixed(0)} ${of.unit ?? 'ms'}`;
    print(
      of.name,
      `${`${ratio.toFixed(ratio < 0.1 ? 3 : 2)} x`.padStart(9)}  ${parts.padStart(20)}   ${goal.padEnd(10)} ${verdict}`,
    );
    return measured;
  } catch (error) {
    broken += 1;
    print(of.name, `failed: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

/** Prints one time that has nothing beside it. */
export function figure(of: Pick<Line, 'name'>, milliseconds: number): void {
  print(of.name, `${milliseconds.toFixed(1).padStart(32)} ms`);
}

/** Prints the names of the columns. */
export function heading(): void {
  print('', `${'ratio'.padStart(9)}  ${'medians'.padStart(20)}   goal`);
}

/** How many lines could not be measured. */
export function failures(): number {
  return broken;
}

function print(name: string, rest: string): void {
  process.stdout.write(`${`${name.padEnd(76)} ${rest}`.trimEnd()}\n`);
}
