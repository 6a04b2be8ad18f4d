import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { type Digest, instant, type Instant, now, OneRoofError, printable } from '../../core/index.ts';
import { openSession, type Session, sql } from '../../database/index.ts';
import { findDossier, type ShownDossier } from '../../dossier/index.ts';
import {
  type Evidence,
  type EvidenceStore,
  type Ratification,
  shortCode,
  type StatementDigest,
  statementDigest,
} from '../../evidence/index.ts';
import {
  authorsOf,
  buildRatification,
  describeGate,
  type GateFacts,
  parsePolicyDocument,
  parseRegistry,
  type Policy,
  readCycles,
  type Registry,
  submitRelease,
  submitSignature,
  submitTarget,
  type TargetDescriptor,
  targetRoot,
} from '../../gate/index.ts';
import { dossierStage } from '../../pipeline.io.ts';
import { type Rehearsal } from '../../rehearsal/index.ts';
import { type SealedRelease } from '../../release/index.ts';
import { type Target } from '../../setup/index.ts';
import { listenAt, notForProduction, servePage, signingActions, signPage, type Standing } from '../../web/index.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type Context, type Run } from '../verb.ts';

const hourMs = 3_600_000;

/** Serves the page on which people ratify; ends when the gate is open. Nothing but their passkeys opens it. */
export const run: Run = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const target = targetFor(setup, context);
  if (target.relay === null)
    throw new OneRoofError('CONFIG_INVALID', {
      problem: `target ${target.name} has no relay, which hands in signatures`,
      fix: 'give the target a `relay:` in oneroof.yaml',
    });
  const evidence = await store.of(sealed.seal);
  const rehearsed = findRehearsal(evidence, sealed);
  const session = await openSession(target.relay, { applicationName: 'oneroof ratify' });
  try {
    const facts = await describeGate(session);
    const policy = parsed(parsePolicyDocument({ text: facts.policy, file: 'the active policy' }));
    const registry = parsed(parseRegistry({ text: facts.registry, file: 'the active registry' }));
    const proposal = { context, sealed, evidence, rehearsed, facts, policy, registry, store, target };
    const asked = (await waiting(session, proposal)) ?? (await propose(proposal));
    return await collect({ ...proposal, ...asked, session, pagePort: setup.pagePort });
  } finally {
    await session.close();
  }
};

interface Rehearsed {
  readonly digest: Digest;
  readonly body: Rehearsal;
  readonly schema: Digest;
}

function findRehearsal(evidence: readonly Evidence[], { release }: SealedRelease): Rehearsed {
  const found = evidence.findLast(({ entry }) => entry.kind === 'rehearsal');
  const body = found?.readable === true ? (found.body as Rehearsal) : null;
  if (found !== undefined && body?.outcome === 'passed' && typeof body.gateSchema === 'string')
    return { digest: found.entry.digest, body, schema: body.gateSchema as Digest };
  throw new OneRoofError('NOT_REHEARSED', {
    problem:
      body === null
        ? `there is no rehearsal of ${release.name} with this seal`
        : body.outcome === 'passed'
          ? 'the golden copy was taken before the gate was installed, so the rehearsal says nothing of the state that people would ratify'
          : 'the last rehearsal of this seal failed',
    fix: 'oneroof rehearse --golden, and mend what it finds',
  });
}

function parsed<T>(
  read:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly problems: Parameters<typeof OneRoofError.throwIfAny>[0] },
): T {
  if (read.ok) return read.value;
  OneRoofError.throwIfAny(read.problems);
  throw new OneRoofError('INTERNAL', { problem: 'a document is wrong for no reason', fix: 'please report it' });
}

interface Proposed {
  readonly context: Context;
  readonly sealed: SealedRelease;
  readonly evidence: readonly Evidence[];
  readonly rehearsed: Rehearsed;
  readonly facts: GateFacts;
  readonly policy: Policy;
  readonly registry: Registry;
  readonly store: EvidenceStore;
  readonly target: Target;
}

/** What people are asked to sign, and what they are shown, to the byte. */
interface Asked {
  readonly body: string;
  readonly dossier: ShownDossier;
}

function descriptorOf({ facts, rehearsed }: Pick<Proposed, 'facts' | 'rehearsed'>): TargetDescriptor {
  return { format: 1, ...facts.facts, schema: rehearsed.schema };
}

function holdPointOf({ options }: Context): string | null {
  return typeof options['holdPoint'] === 'string' ? options['holdPoint'] : null;
}

/** A statement that somebody has signed and others have not yet: all of them are shown the same dossier and sign the same bytes. */
async function waiting(session: Session, of: Proposed): Promise<Asked | null> {
  const holdPoint = holdPointOf(of.context);
  for (const cycle of await readCycles(session)) {
    if (cycle.seal !== of.sealed.seal || cycle.holdPoint !== holdPoint || cycle.done.length > 0) continue;
    if (cycle.closed.up?.startsWith('seats') !== true) continue;
    const [row] = await session.query<{ body: string }>(sql`select gate.statement_body(${cycle.statement}) as body`);
    if (row === undefined) continue;
    const { predicate } = JSON.parse(row.body) as { predicate: Ratification };
    const dossier = findDossier(of.evidence, predicate.dossier);
    if (dossier === null || predicate.expires <= now()) continue;
    if (predicate.targets.root === targetRoot([descriptorOf(of)])) return { body: row.body, dossier };
  }
  return null;
}

async function propose(of: Proposed): Promise<Asked> {
  const { context, sealed, evidence, rehearsed, policy, registry, store, target } = of;
  const hours = Number(context.options['hours'] ?? Math.min(policy.window.longest / hourMs, 8));
  if (!(hours > 0)) throw new OneRoofError('USAGE', { problem: '--hours is not a number of hours', fix: '--hours 4' });
  const sealedAt = evidence.find(({ entry }) => entry.kind === 'seal')?.entry.recordedAt ?? rehearsed.body.startedAt;
  // recorded before anybody signs, so that whoever is asked next is shown the same
  const dossier = await dossierStage({ sealed, store }, { target, policy });
  const log = await store.log();
  const at = now();
  const root = log.checkpoint?.split('\n')[2] ?? '';
  const body = buildRatification({
    sealed,
    sealedAt,
    policy,
    registry,
    targets: [descriptorOf(of)],
    evidence: [{ kind: 'rehearsal', digest: rehearsed.digest }],
    rehearsedAt: rehearsed.body.endedAt,
    window: { notBefore: at, expires: later(at, hours) },
    log: { size: log.lines.length, root: Buffer.from(root, 'base64').toString('hex').padEnd(64, '0') },
    dossier: dossier.digest,
    holdPoint: holdPointOf(context),
    now: at,
    nonce: randomBytes(16).toString('hex'),
  });
  return { body, dossier };
}

function later(from: Instant, hours: number): Instant {
  return instant(new Date(Date.parse(from) + hours * hourMs));
}

async function collect(
  of: Proposed & Asked & { readonly session: Session; readonly pagePort: number },
): ReturnType<Run> {
  const { context, session, sealed, policy, registry, body } = of;
  const statement = statementDigest(body);
  const opened = new EventEmitter();
  const open = once(opened, 'open', { signal: context.signal });
  await submitRelease(session, sealed);
  const page = await servePage({
    origin: policy.origin,
    listen: listenAt(policy, of.pagePort),
    draw: async () =>
      signPage({
        policy,
        title: `Ratify ${sealed.release.name} for ${of.target.name}`,
        facts: [
          ['Release', `${sealed.release.name}: ${sealed.release.title}`],
          ['Seal', sealed.seal],
          ['Target', `${of.target.name}, database ${of.facts.facts.database}`],
          ['Statement', body],
        ],
        statement,
        text: of.dossier.text,
        standing: await standingOf(session, { statement, policy }),
      }),
    actions: signingActions({
      body,
      policy,
      registry,
      barred: authorsOf(sealed.release),
      submit: async ({ person, signature }) => {
        await submitSignature(session, body, signature);
        await submitTarget(session, { statement, descriptor: descriptorOf(of), place: 0, proof: [] });
        const standing = await standingOf(session, { statement, policy });
        context.terminal.say(`${printable(person.name)} has ratified`);
        if (standing.complete) setImmediate(() => opened.emit('open'));
        return standing;
      },
    }),
  });
  try {
    if (!policy.production) context.terminal.say(notForProduction);
    context.terminal.say(`open ${page.url} and type ${shortCode(statement)}; Ctrl-C ends it`);
    await open.catch((cause: unknown): never => {
      throw new OneRoofError('INTERRUPTED', {
        problem: 'the gate is not open yet; the signatures that were given are kept',
        fix: 'run the command again: the others sign the same statement',
        cause,
      });
    });
    const { signed } = await standingOf(session, { statement, policy });
    return {
      exit: 0,
      schema: 'oneroof/ratify/1',
      data: { statement, persons: signed },
      text: `ratified by ${signed.map((person) => printable(person)).join(', ')}: ${statement}`,
    };
  } finally {
    await page.close();
  }
}

/** How the database itself sees the statement now. */
async function standingOf(
  session: Session,
  of: { readonly statement: StatementDigest; readonly policy: Policy },
): Promise<Standing> {
  const cycle = (await readCycles(session)).find((one) => one.statement === of.statement);
  const closed = cycle === undefined ? `seats: 0 of ${of.policy.seats.length} seats are filled` : cycle.closed.up;
  return { complete: closed === null, signed: cycle?.persons ?? [], missing: closed === null ? [] : [closed] };
}
