import { canonicalJson, digest, now } from '../core/index.ts';
import { type Session } from '../database/index.ts';
import { type Entry } from '../evidence/index.ts';
import { readRecord } from '../gate/index.ts';
import { type Rules, rulesOf } from '../people/index.ts';
import { type Store } from './kinds.ts';

/**
 * Records the registries and policies of a target where the log does not tell of all of them yet. From that entry on a new one counts: so it is
 * done as soon as a change is in force. Null: the log tells of them.
 */
export async function rulesStage(
  store: Store,
  at: { readonly target: string; readonly session: Pick<Session, 'query'> },
): Promise<Entry | null> {
  const nothing = digest('seal', ['']);
  return recordRules(store, { target: at.target, rules: rulesOf(await readRecord(at.session, nothing)) });
}

/** The same of rules that were read already. */
export async function recordRules(
  store: Store,
  { target, rules }: { readonly target: string; readonly rules: Rules },
): Promise<Entry | null> {
  // a target that was installed and never changed has nothing that needs a place: its root counts from the first entry on
  if (rules.links.length === 0) return null;
  const { own, termsOf, toldOf } = await store.voices();
  const isOurs = toldOf(target).some(
    ({ signer, rules: told }) =>
      signer !== null && own?.includes(signer) === true && canonicalJson(told) === canonicalJson(rules),
  );
  if (isOurs || termsOf(target).length > rules.links.length) return null;
  const document = rules.links.findLast(({ kind }) => kind === 'registry')?.document ?? rules.first.registry;
  const body = { version: 1, target, rules };
  return store.append({ kind: 'rules', seal: digest('registry', [document]), body }, now());
}

/** The entries that first told of each registry and policy: who reads a bundle can follow whose entries count. */
export async function witnessesOf(store: Store): Promise<readonly number[]> {
  const { targets, termsOf } = await store.voices();
  return targets().flatMap((target) => termsOf(target).flatMap(({ told }) => (told === null ? [] : [told])));
}
