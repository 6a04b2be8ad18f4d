import { type Digest, isNonEmpty, OneRoofError, printable, stated } from '../core/index.ts';
import { type Session } from '../database/index.ts';
import { type EvidenceKind, ofKind } from '../evidence/index.ts';
import { acceptDocument, readAccount, refusalOf, submitSignature } from '../gate/index.ts';
import { peopleKinds, type PeopleRecord, type Signature, whyUncounted } from '../people/index.ts';
import { type Store } from '../evidence-kinds/index.ts';
import { type AccountComparison, type RestoredComparison, compareAccount, type LogTold } from './adoption.ts';
import { type PolicyAndRegistry } from './change.ts';
import { readInForce, type Relay } from './relay.io.ts';

/** A database that was compared, with nothing left to hand in again. */
export interface ReadyToAdopt {
  /** With the documents in force after they were handed in again. */
  readonly relay: Relay;
  readonly account: AccountComparison;
  /** What the restore lost, as text, and this host cannot restore. */
  readonly lost: readonly string[];
}

/**
 * Compares a restored or moved database with the pinned documents and with what counts of the log.
 *
 * Errors  ADOPT_BEYOND: it holds what no one vouches for; those of the store.
 */
export async function compareTarget(
  { session, target }: Pick<Relay, 'session' | 'target'>,
  of: { readonly store: Store; readonly pins: PolicyAndRegistry },
): Promise<RestoredComparison & { readonly account: AccountComparison }> {
  const log = await readLog(of.store, { target, pins: of.pins });
  const read = await readAccount(session);
  const found = compareAccount(read, { pins: of.pins, log });
  if (isNonEmpty(found.beyond)) throw OneRoofError.of(found.beyond);
  return { ...found, account: read.account };
}

/**
 * The same, after handing in again what the restore lost.
 *
 * Errors  those of compareTarget; ADOPT_LOST: the database does not take it again.
 */
export async function readyToAdopt(
  relay: Relay,
  of: { readonly store: Store; readonly pins: PolicyAndRegistry; readonly say: (line: string) => void },
): Promise<ReadyToAdopt> {
  const found = await compareTarget(relay, of);
  for (const line of await handIn(relay, found)) of.say(line);
  const { account } = await readAccount(relay.session);
  return { relay: { ...relay, ...(await readInForce(relay.session)) }, account, lost: found.lost };
}

/** What the log says about a target, over all releases, by keys with the right `record` in the pinned registry: no other entries are compared. */
async function readLog(
  store: Store,
  { target, pins }: { readonly target: string; readonly pins: PolicyAndRegistry },
): Promise<LogTold> {
  const records: PeopleRecord[] = [];
  const runs: LogTold['runs'][number][] = [];
  const own = [await store.ownKey()];
  const { lines } = await store.log();
  const counts = ({ kind, index }: { readonly kind: EvidenceKind; readonly index: number }): boolean =>
    whyUncounted({ registry: pins.registry, own, by: null }, { kind, signer: lines[index]?.signer ?? null }) === null;
  for (const seal of new Set<Digest>(lines.map(({ entry }) => entry.seal))) {
    const evidence = (await store.of(seal)).filter(({ entry }) => counts(entry));
    for (const piece of ofKind(evidence, ...peopleKinds))
      if (piece.readable && piece.body.target === target) records.push(piece.body);
    for (const piece of ofKind(evidence, 'execution'))
      if (piece.readable && piece.body.target === target) {
        const { statement, tier, direction, phase, steps } = piece.body;
        runs.push({ statement, tier, direction, applied: phase === 'applied', steps: steps[1] });
      }
  }
  return { records, runs };
}

/** Hands in again what the restore lost: registries and policies while their time lasts, and revocations. */
async function handIn({ session }: Relay, { again }: RestoredComparison): Promise<readonly string[]> {
  const said: string[] = [];
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');
  const signaturesOf = (
    all: readonly { credential: string; authenticatorData: string; clientDataJSON: string; signature: string }[],
  ) =>
    all.map((one) => ({
      credential: one.credential,
      authenticatorData: bytes(one.authenticatorData),
      clientDataJSON: bytes(one.clientDataJSON),
      signature: bytes(one.signature),
    }));
  for (const { kind, digest, link } of again.documents) {
    try {
      for (const signature of signaturesOf(link.signatures)) await submitOnce(session, link.body, signature);
      await acceptDocument(session, { kind, document: link.document });
      said.push(`handed in again: the ${kind} ${digest}`);
    } catch (cause) {
      throw new OneRoofError('ADOPT_LOST', {
        ...stated`the restore lost the ${{ kind }} ${{ digest }}, and the database does not accept it again: ${{ said: printable(cause instanceof Error ? cause.message : String(cause)) }}`,
        fix: `let the quorum sign it again (oneroof ratify --${kind} FILE), then run the same command again`,
        cause,
      });
    }
  }
  for (const { statement } of again.revocations) {
    try {
      for (const signature of signaturesOf(statement.signatures)) await submitOnce(session, statement.body, signature);
      said.push(`handed in again: the revocation ${statement.digest}`);
    } catch (cause) {
      // the revoked statement is for another incarnation, and opens nothing here
      said.push(
        `not accepted again: the revocation ${statement.digest}: ${printable(cause instanceof Error ? cause.message : String(cause))}`,
      );
    }
  }
  return said;
}

/** One that is there already, from a run that was ended between, is as good. */
async function submitOnce(session: Session, body: string, signature: Signature): Promise<void> {
  await submitSignature(session, body, signature).catch((error: unknown) => {
    if (refusalOf(error)?.code !== 'duplicate') throw error;
  });
}
