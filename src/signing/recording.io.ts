import { printable } from '../core/index.ts';
import { type Course, ratificationStage } from '../pipeline.io.ts';
import { type ShownCeremony } from './ceremony.io.ts';
import { type Relay } from './relay.io.ts';

/** Where what people signed is recorded as evidence. */
export interface EvidenceRecording {
  readonly course: Course;
  readonly relay: Pick<Relay, 'session' | 'target'>;
  /** Told, in one line, where it could not be recorded now. */
  readonly onProblem: (line: string) => void;
}

/** Records what the target has already. Where that fails now, `onProblem` is told why, and the next time records it. */
export async function tryRecording(
  record: () => Promise<unknown>,
  onProblem: EvidenceRecording['onProblem'],
): Promise<void> {
  try {
    await record();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    onProblem(`not recorded as evidence: ${printable(why)}; oneroof bundle records it later`);
  }
}

/** The same ceremony; each signature is recorded as evidence once the target has it. */
export function recorded<Kind extends ShownCeremony>(ceremony: Kind, recording: EvidenceRecording): Kind {
  return {
    ...ceremony,
    submit: async (signed) => {
      const standing = await ceremony.submit(signed);
      await tryRecording(() => ratificationStage(recording.course, recording.relay), recording.onProblem);
      return standing;
    },
  };
}
