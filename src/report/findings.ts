import { explainNoticed } from '../fingerprint/index.ts';
import { explainProof } from '../rehearsal/index.ts';
import { type RehearsalBody } from './bodies.ts';

/** What the rehearsal found out beside GO and NO-GO: how it proved, what varies, what went out, what stays behind. */
export function findingsOf({ proof, twin, dispatch, leftovers, noticed }: RehearsalBody): readonly string[] {
  const lines: string[] = [];
  if (proof !== null) lines.push(`Proven by ${proof.method}: ${explainProof(proof)}.`);
  if (twin !== null) {
    const { turned, kept } = twin.prepared;
    const varies =
      twin.declared.length === 0 ? 'nothing may differ' : `declared to differ: ${twin.declared.join(', ')}`;
    lines.push(
      `Forward on a twin with ${turned.length} tables turned around and ${kept.length} as they were; ${varies}.`,
    );
  }
  const network = dispatch.network === 'none' ? 'The clone had no network' : "The clone had its host's network";
  lines.push(`${network}; notifications sent: ${dispatch.notifications.sent}.`);
  if (dispatch.declared !== null) lines.push(`Dispatch is declared: ${dispatch.declared}.`);
  for (const { kind, name, state, burned, left } of leftovers)
    lines.push(
      kind === 'columns'
        ? `Each cycle uses up ${burned} column numbers of ${name}; ${left} of 1,600 are left.`
        : `Left behind: ${kind} ${name} is ${state}.`,
    );
  for (const one of noticed) lines.push(`Noticed: ${explainNoticed(one)}.`);
  return lines;
}
