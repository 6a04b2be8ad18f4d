import { type Actor, type ErrorCode, type Facts, OneRoofError, type Place } from '../core/index.ts';

/** One thing that was checked. */
export interface DoctorCheck {
  readonly name: string;
  /** `warning`: it works, and someone will be surprised later. */
  readonly outcome: 'ok' | 'warning' | 'problem';
  readonly text: string;
  /** `ok`, the code of an error, or what was found: it never changes its meaning. */
  readonly code: string;
  /** What the text names, as data. */
  readonly facts: Facts;
  readonly place?: Place;
  /** Null where nothing is to be done. */
  readonly fix: string | null;
  /** Who does what `fix` asks for; absent: as the code says. */
  readonly by?: Actor;
}

/** Nothing is to be done. */
export const fine = { code: 'ok', facts: {}, fix: null } as const;

/** A check of what the server itself says of a target: its administrator acts. */
export const serverSays =
  ({ target, ...of }: Pick<DoctorCheck, 'name' | 'code' | 'outcome'> & { readonly target: string }) =>
  ({ text, fix }: { readonly text: string; readonly fix: string }): DoctorCheck => ({
    ...of,
    facts: { target, said: text },
    text,
    fix,
    by: 'administrator',
  });

/** Turns the errors of a check into problems, with more text for some codes; a defect of ours stays one. */
export async function check(
  name: string,
  look: () => Promise<string>,
  more: (code: ErrorCode) => readonly DoctorCheck[] = () => [],
): Promise<DoctorCheck[]> {
  try {
    return [{ name, outcome: 'ok', text: await look(), ...fine }];
  } catch (error) {
    if (!(error instanceof OneRoofError)) throw error;
    const found = error.problems.map(
      ({ problem, ...rest }): DoctorCheck => ({ ...rest, name, outcome: 'problem', text: problem }),
    );
    return [...found, ...more(error.code)];
  }
}
