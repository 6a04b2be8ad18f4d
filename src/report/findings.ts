import { explainNoticed } from '../fingerprint/index.ts';
import { explainProof, explainRole, type Rehearsal } from '../rehearsal/index.ts';

/** What the rehearsal found out beside GO and NO-GO: how it proved, what varies, what went out, what stays behind. */
export function findingsOf(of: Rehearsal): readonly string[] {
  const { role, proof, twin, dispatch, leftovers, changes, noticed = [] } = of;
  const lines: string[] = [];
  if (role !== undefined && role !== null)
    lines.push(`Rehearsed as ${explainRole(role)}${role.fix === null ? '' : `; ${role.fix}`}.`);
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
  for (const one of leftovers)
    lines.push(
      one.kind === 'columns'
        ? `Each cycle uses up ${one.burned} column numbers of ${one.name}; ${one.left} of 1,600 are left.`
        : `Left behind: ${one.kind} ${one.name} is ${one.state}.`,
    );
  for (const { kind, name, what, by } of changes?.lost ?? [])
    lines.push(`The release makes ${kind} ${name} again (${by}): not there afterwards: ${what.join(', ')}.`);
  for (const one of noticed) lines.push(`Noticed: ${explainNoticed(one)}.`);
  return lines;
}
