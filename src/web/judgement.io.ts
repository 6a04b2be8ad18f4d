import { now } from '../core/index.ts';
import { type Session } from '../database/index.ts';
import {
  type Cycle,
  type GateFacts,
  parsePolicyDocument,
  parseRegistryDocument,
  readCycles,
  readRecord,
  whyUncounted,
} from '../gate/index.ts';
import { type Course } from '../pipeline.io.ts';
import { type Judged, judgeProposals, type Judging, rootsOf, type TargetWord } from '../proposal/index.ts';
import { parsed, type Relay } from './relay.io.ts';

/** What proposals of a course are judged by, read once, and how they were judged. */
export interface Judgement {
  readonly judging: Judging;
  readonly judged: readonly Judged[];
}

/**
 * Judges the proposals of a release by its evidence, the whole log, and the word of one target.
 *
 * Errors  those of the store.
 */
export async function judgeCourse(
  { sealed, store }: Course,
  target: { readonly name: string; readonly word: TargetWord | null },
): Promise<Judgement> {
  // the log after the evidence: what is judged is in it
  const evidence = await store.of(sealed.seal);
  const log = await store.log();
  const own = [await store.ownKey()];
  const wordOf = (name: string): TargetWord | null => (name === target.name ? target.word : null);
  const signerOf = (index: number) => log.lines[index]?.signer ?? null;
  const judging = { sealed, evidence, rootAt: rootsOf(log), signerOf, own, wordOf, now: now() };
  return { judging, judged: judgeProposals(judging) };
}

/** Asks a target for what proposals are judged by: every policy and registry that was in force there, its facts, its cycles. */
export async function readWord(
  session: Session,
  { facts, seal }: { readonly facts: GateFacts; readonly seal: Parameters<typeof readRecord>[1] },
): Promise<TargetWord & { readonly live: { readonly cycles: readonly Cycle[] } }> {
  const { documents } = await readRecord(session, seal);
  const of = (kind: 'policy' | 'registry') => documents.filter((one) => one.kind === kind).map(({ body }) => body);
  return {
    policies: of('policy').map((text) => parsed(parsePolicyDocument({ text, file: 'a policy of the target' }))),
    registries: of('registry').map((text) => parsed(parseRegistryDocument({ text, file: 'a registry of the target' }))),
    live: { facts: facts.facts, schema: facts.schema, cycles: await readCycles(session) },
  };
}

/** The word of a relay's target on one release. */
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
    return { ...all, evidence: evidence.filter(isCounted) };
  };
  const of: Course['store']['of'] = async (seal) => (await heard(seal, { target: null })).evidence;
  return { sealed, store: { ...store, of, heard } };
}
