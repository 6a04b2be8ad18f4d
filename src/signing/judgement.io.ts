import { now } from '../core/index.ts';
import { type Session } from '../database/index.ts';
import { type CycleRow, type GateFacts, isInPlace, readCycles, readDrift, readRecord } from '../gate/index.ts';
import { parsePolicyDocument, parseRegistryDocument, signerName, whyUncounted } from '../people/index.ts';
import { type Course } from '../pipeline.io.ts';
import { type JudgedProposal, judgeProposals, type Judging, rootsOf, type ProposalTarget } from '../proposal/index.ts';
import { parsed, type Relay } from './relay.io.ts';

/** What proposals of a course are judged by, read once, and how they were judged. */
export interface Judgement {
  readonly judging: Judging;
  readonly judged: readonly JudgedProposal[];
}

/**
 * Judges the proposals of a release by its evidence, the whole log, and the answers of one target.
 *
 * Errors  those of the store.
 */
export async function judgeCourse(
  { sealed, store }: Course,
  target: { readonly name: string; readonly word: ProposalTarget | null },
): Promise<Judgement> {
  // the log after the evidence: what is judged is in it
  const evidence = await store.of(sealed.seal);
  const log = await store.log();
  const own = [await store.ownKey()];
  const wordOf = (name: string): ProposalTarget | null => (name === target.name ? target.word : null);
  const signerOf = (index: number) => log.lines[index]?.signer ?? null;
  const judging = { sealed, evidence, rootAt: rootsOf(log), signerOf, own, wordOf, now: now() };
  return { judging, judged: judgeProposals(judging) };
}

/** Reads from a target what is needed to judge proposals: every policy and registry that was in force there, its facts, its cycles. */
export async function readWord(
  session: Session,
  { facts, seal }: { readonly facts: GateFacts; readonly seal: Parameters<typeof readRecord>[1] },
): Promise<ProposalTarget & { readonly live: { readonly cycles: readonly CycleRow[] } }> {
  const { documents } = await readRecord(session, seal);
  const cycles = await readCycles(session);
  const of = (kind: 'policy' | 'registry') => documents.filter((one) => one.kind === kind).map(({ body }) => body);
  return {
    policies: of('policy').map((text) => parsed(parsePolicyDocument({ text, file: 'a policy of the target' }))),
    registries: of('registry').map((text) => parsed(parseRegistryDocument({ text, file: 'a registry of the target' }))),
    live: { facts: facts.facts, drift: await readDrifts(session, cycles, seal), cycles },
  };
}

/** The answers of a relay's target about one release. */
export function wordOf({ session, facts }: Relay, seal: Parameters<typeof readRecord>[1]): ReturnType<typeof readWord> {
  return readWord(session, { facts, seal });
}

/** The same course, whose evidence is only what counts by the registry of a relay's target: what people are asked about rests on nothing else. */
export async function countedCourse(
  { sealed, store }: Course,
  { registry, policy }: Pick<Relay, 'registry' | 'policy'>,
): Promise<Course> {
  const voices = { registry, own: [await store.ownKey()], by: policy.rehearsal.by ?? null };
  const heard: Course['store']['heard'] = async (seal, about) => {
    const evidence = await store.of(seal);
    const all = await store.hear(evidence, about);
    const isCounted = ({ entry: { kind, index } }: (typeof evidence)[number]): boolean =>
      whyUncounted(voices, { kind, signer: all.signerOf(index) }) === null;
    const nameOf = (index: number): string => signerName(registry, all.signerOf(index));
    return { ...all, nameOf, evidence: evidence.filter(isCounted) };
  };
  const of: Course['store']['of'] = async (seal) => (await heard(seal, { target: null })).evidence;
  return { sealed, store: { ...store, of, heard } };
}

/** How the schema differs from what each cycle of a release in place has left. */
async function readDrifts(
  session: Session,
  cycles: readonly CycleRow[],
  seal: string,
): Promise<NonNullable<ProposalTarget['live']>['drift']> {
  const found = [];
  for (const cycle of cycles.filter((one) => one.seal === seal && one.opens.what === 'rollout' && isInPlace(one)))
    found.push({
      cycle: cycle.statement,
      differences: await readDrift(session, { statement: cycle.statement, direction: 'down' }),
    });
  return found;
}
