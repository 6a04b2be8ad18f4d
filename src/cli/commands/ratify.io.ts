import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { digest, type Digest, instant, type Instant, now, OneRoofError, printable } from '../../core/index.ts';
import { openSession, type Session, sql } from '../../database/index.ts';
import {
  type Evidence,
  type EvidenceStore,
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
} from '../../gate/index.ts';
import { type Rehearsal } from '../../rehearsal/index.ts';
import { type SealedRelease } from '../../release/index.ts';
import {
  listenAt,
  notForProduction,
  servePage,
  signingActions,
  signPage,
  type Standing,
  writeDossier,
} from '../../web/index.ts';
import { openWork, recordPeople, targetFor } from '../work.io.ts';
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
    const dossier = writeDossier({
      sealed,
      rehearsal: rehearsed.body,
      target: target.name,
      production: policy.production,
    });
    const proposal = {
      context,
      sealed,
      store,
      evidence,
      rehearsed,
      facts,
      policy,
      registry,
      dossier,
      log: await store.log(),
    };
    const body = (await waiting(session, proposal)) ?? propose(proposal);
    return await collect({ ...proposal, session, body, pagePort: setup.pagePort, target: target.name });
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
  readonly store: EvidenceStore;
  readonly evidence: readonly Evidence[];
  readonly rehearsed: Rehearsed;
  readonly facts: GateFacts;
  readonly policy: Policy;
  readonly registry: Registry;
  readonly dossier: string;
  readonly log: { readonly lines: readonly unknown[]; readonly checkpoint: string | null };
}

function descriptorOf({ facts, rehearsed }: Pick<Proposed, 'facts' | 'rehearsed'>): TargetDescriptor {
  return { format: 1, ...facts.facts, schema: rehearsed.schema };
}

function holdPointOf({ options }: Context): string | null {
  return typeof options['holdPoint'] === 'string' ? options['holdPoint'] : null;
}

/** A statement that somebody has signed and others have not yet: all of them sign the same bytes, if it says what we would. */
async function waiting(session: Session, of: Proposed): Promise<string | null> {
  const holdPoint = holdPointOf(of.context);
  for (const cycle of await readCycles(session)) {
    if (cycle.seal !== of.sealed.seal || cycle.holdPoint !== holdPoint || cycle.done.length > 0) continue;
    if (cycle.closed.up?.startsWith('seats') !== true) continue;
    const [row] = await session.query<{ body: string }>(sql`select gate.statement_body(${cycle.statement}) as body`);
    const said = JSON.parse(row?.body ?? '{}') as { predicate?: { dossier?: string; expires?: string } };
    if (said.predicate?.dossier === digest('dossier', [of.dossier]) && (said.predicate.expires ?? '') > now())
      return row?.body ?? null;
  }
  return null;
}

function propose(of: Proposed): string {
  const { context, sealed, evidence, rehearsed, policy, registry, dossier, log } = of;
  const at = now();
  const hours = Number(context.options['hours'] ?? Math.min(policy.window.longest / hourMs, 8));
  if (!(hours > 0)) throw new OneRoofError('USAGE', { problem: '--hours is not a number of hours', fix: '--hours 4' });
  const sealedAt = evidence.find(({ entry }) => entry.kind === 'seal')?.entry.recordedAt ?? rehearsed.body.startedAt;
  const root = log.checkpoint?.split('\n')[2] ?? '';
  return buildRatification({
    sealed,
    sealedAt,
    policy,
    registry,
    targets: [descriptorOf(of)],
    evidence: [{ kind: 'rehearsal', digest: rehearsed.digest }],
    rehearsedAt: rehearsed.body.endedAt,
    window: { notBefore: at, expires: later(at, hours) },
    log: { size: log.lines.length, root: Buffer.from(root, 'base64').toString('hex').padEnd(64, '0') },
    dossier: digest('dossier', [dossier]),
    holdPoint: holdPointOf(context),
    now: at,
    nonce: randomBytes(16).toString('hex'),
  });
}

function later(from: Instant, hours: number): Instant {
  return instant(new Date(Date.parse(from) + hours * hourMs));
}

async function collect(
  of: Proposed & {
    readonly session: Session;
    readonly body: string;
    readonly pagePort: number;
    readonly target: string;
  },
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
        title: `Ratify ${sealed.release.name} for ${of.target}`,
        facts: [
          ['Release', `${sealed.release.name}: ${sealed.release.title}`],
          ['Seal', sealed.seal],
          ['Target', `${of.target}, database ${of.facts.facts.database}`],
          ['Statement', body],
        ],
        statement,
        text: of.dossier,
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
        await recordPeople(context, of);
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
