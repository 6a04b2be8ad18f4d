import { printable } from '../core/index.ts';
import { type Course, ratificationStage } from '../pipeline.io.ts';
import { type ShownCeremony } from './ceremony.io.ts';
import { type Relay } from './relay.io.ts';

/** Where what people signed is recorded as evidence. */
export interface Recording {
  readonly course: Course;
  readonly relay: Pick<Relay, 'session' | 'target'>;
  /** Told, in one line, where it could not be recorded now. */
  readonly onProblem: (line: string) => void;
}

/** The same ceremony; each signature is recorded as evidence once the target has it. */
export function recorded<Kind extends ShownCeremony>(ceremony: Kind, recording: Recording): Kind {
  return {
    ...ceremony,
    submit: async (signed) => {
      const standing = await ceremony.submit(signed);
      try {
        await ratificationStage(recording.course, recording.relay);
      } catch (error) {
        // it is still in the target, and the next time records it
        const why = error instanceof Error ? error.message : String(error);
        recording.onProblem(`not recorded as evidence: ${printable(why)}; oneroof bundle records it later`);
      }
      return standing;
    },
  };
}
