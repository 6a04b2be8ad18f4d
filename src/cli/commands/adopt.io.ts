import { canonicalJson, type Digest, isNonEmpty, now, OneRoofError, printable } from '../../core/index.ts';
import { ofKind, statementDigest } from '../../evidence/index.ts';
import {
  acceptDocument,
  type PeopleRecord,
  readAccount,
  readPolicy,
  readRecord,
  readRegistry,
  refusalOf,
  type Signature,
  submitSignature,
  withOwn,
} from '../../gate/index.ts';
import { type Store } from '../../kinds/index.ts';
import { type Session } from '../../database/index.ts';
import { readSetup, targetOf } from '../../setup/index.ts';
import {
  adoptCeremony,
  type Compared,
  compareAccount,
  type LogTold,
  readInForce,
  type Relay,
  withRelay,
} from '../../web/index.ts';
import { runCeremony } from '../page-run.io.ts';
import { type Run } from '../verb.ts';
import { openStore } from '../work.io.ts';
import { reasonOf } from './abandon.io.ts';

/** Compares a database that was restored or moved with the log, and serves the page on which the quorum takes it as the target. */
export const run: Run = async (context) => {
  const reason = reasonOf(context, 'adopt');
  const setup = await readSetup(context.folder);
  const store = openStore(setup);
  const target = targetOf(setup, context.arguments[0]);
  const pins = { policy: readPolicy(setup.policyFile), registry: readRegistry(setup.registryFile) };
  return await withRelay(target, 'adopt', async (opened) => {
    const log = await readLog(store, target.name);
    const compare = async (): Promise<Compared> => compareAccount(await readAccount(opened.session), { pins, log });
    const found = await compare();
    if (isNonEmpty(found.beyond)) throw OneRoofError.of(found.beyond);
    for (const line of await handIn(opened, found)) context.terminal.say(line);
    const { account } = await readAccount(opened.session);
    let incarnation = '';
    // what was handed in again is in force from here on
    const relay = { ...opened, ...(await readInForce(opened.session)) };
    const ceremony = await adoptCeremony(relay, {
      account,
      reason,
      lost: found.lost,
      onAdopted: async ({ body, incarnation: drawn }) => {
        incarnation = drawn;
        const held = await readRecord(opened.session, subjectOf(body));
        const record = {
          version: 1,
          target: target.name,
          body,
          account: canonicalJson(account),
          incarnation,
          lost: found.lost,
          signatures: held.statements.find(({ digest }) => digest === statementDigest(body))?.signatures ?? [],
        };
        await store.append({ kind: 'adoption', seal: subjectOf(body), body: record }, now());
      },
    });
    const { signed } = await runCeremony(context, {
      ceremony,
      pagePort: setup.pagePort,
      unfinished: {
        problem: `${target.name} is not adopted; the signatures that were given are kept`,
        fix: 'run the command again: the others sign the same statement',
      },
    });
    return {
      exit: 0,
      schema: 'oneroof/adopt/1',
      data: {
        target: target.name,
        statement: statementDigest(ceremony.body),
        incarnation,
        persons: signed,
        lost: found.lost,
      },
      text: `adopted as ${target.name}, signed by ${signed.map((person) => printable(person)).join(', ')}; its incarnation is ${incarnation}`,
      next: 'ratify what is to run here: what was signed before is for another database',
    };
  });
};

function subjectOf(body: string): Digest {
  const { subject } = JSON.parse(body) as { subject: readonly [{ digest: { sha256: string } }] };
  return `sha256:${subject[0].digest.sha256}` as Digest;
}

/** What the log tells of a target, over all releases. */
async function readLog(store: Store, target: string): Promise<LogTold> {
  const records: PeopleRecord[] = [];
  const runs: LogTold['runs'][number][] = [];
  for (const seal of new Set((await store.entries()).map((entry) => entry.seal))) {
    const evidence = withOwn(await store.heard(seal, { target }));
    for (const piece of ofKind(evidence, 'ratification', 'decline', 'revocation', 'abandonment'))
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
async function handIn({ session }: Relay, { again }: Compared): Promise<readonly string[]> {
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
        problem: `the restore lost the ${kind} ${digest}, and it is not taken again: ${printable(cause instanceof Error ? cause.message : String(cause))}`,
        fix: `have the quorum sign it again (oneroof ratify --${kind} FILE), then the same command again`,
        cause,
      });
    }
  }
  for (const { statement } of again.revocations) {
    try {
      for (const signature of signaturesOf(statement.signatures)) await submitOnce(session, statement.body, signature);
      said.push(`handed in again: the revocation ${statement.digest}`);
    } catch (cause) {
      // what it revoked is for another incarnation, and opens nothing here
      said.push(
        `not taken again: the revocation ${statement.digest}: ${printable(cause instanceof Error ? cause.message : String(cause))}`,
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
