import { explainNoticed, explainUnrelated } from '../fingerprint/index.ts';
import { type GateBody } from '../gate/index.ts';
import { explainProof, explainRole, explainRows, type Rehearsal } from '../rehearsal/index.ts';
import { type FoundEvidence } from './find.ts';

/** Findings of the rehearsal besides GO and NO-GO: how it proved, what varies, what was sent out, what remains. */
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
      `Forward on a twin with ${turned.length} tables in another row order and ${kept.length} unchanged; ${varies}.`,
    );
  }
  const network = dispatch.network === 'none' ? 'The clone had no network' : "The clone had its host's network";
  lines.push(`${network}; notifications sent: ${dispatch.notifications.sent}.`);
  if (dispatch.declared !== null) lines.push(`Dispatch is declared: ${dispatch.declared}.`);
  for (const one of leftovers)
    lines.push(
      one.kind === 'columns'
        ? `Each cycle uses ${one.burned} column numbers of ${one.name}; ${one.left} of 1,600 remain.`
        : `Left behind: ${one.kind} ${one.name} is ${one.state}.`,
    );
  for (const { kind, name, what, by } of changes?.lost ?? [])
    lines.push(`The release makes ${kind} ${name} again (${by}), without: ${what.join(', ')}.`);
  const { emptied, unmatched, behind, skipped } = explainRows(changes);
  for (const text of emptied) lines.push(`Emptied: ${text}.`);
  for (const text of unmatched) lines.push(`Matched nothing: ${text}.`);
  for (const text of skipped) lines.push(`Skipped: ${text}.`);
  for (const text of behind) lines.push(`Behind: ${text}`);
  for (const one of noticed) lines.push(`Noticed: ${explainNoticed(one)}.`);
  return lines;
}

/** Changes in the newest reading of objects that the release does not depend on: they close nothing unless the policy says so. */
export function changedBeside(gate: FoundEvidence<GateBody>): readonly string[] {
  const unrelated = gate.found ? (gate.body.unrelated ?? null) : null;
  if (unrelated === null || unrelated.count === 0) return [];
  return [`Changed since the rehearsal, outside of the footprint: ${explainUnrelated(unrelated)}.`];
}
