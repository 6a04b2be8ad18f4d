import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { canonicalJson, OneRoofError, printable } from '../../core/index.ts';
import { openSession, type Session } from '../../database/index.ts';
import { shortCode, statementDigest, writeStatement } from '../../evidence/index.ts';
import { type Cycle, describeGate, type Policy, readCycles, type Registry, submitSignature } from '../../gate/index.ts';
import { listenAt, notForProduction, servePage, signingActions, signPage } from '../../web/index.ts';
import { openWork, recordPeople, targetFor, type Work } from '../work.io.ts';
import { type Context, type Run } from '../verb.ts';

type Closing = 'decline' | 'revoke';

/** The command that serves a page on which one person declines or revokes the newest ratification of a release. */
export function closing(kind: Closing): { readonly run: Run } {
  return { run: (context) => runClosing(kind, context) };
}

const runClosing = async (kind: Closing, context: Context): ReturnType<Run> => {
  const reason = context.options['reason'];
  if (typeof reason !== 'string' || reason.trim() === '') {
    throw new OneRoofError('USAGE', { problem: 'a reason is missing', fix: `oneroof ${kind} … --reason "why"` });
  }
  const { setup, sealed, store } = await openWork(context);
  const target = targetFor(setup, context);
  const { release, seal } = sealed;
  if (target.relay === null) {
    throw new OneRoofError('CONFIG_INVALID', {
      problem: `target ${target.name} has no relay, which hands in signatures`,
      fix: 'give the target a `relay:` in oneroof.yaml',
    });
  }
  const session = await openSession(target.relay, { applicationName: `oneroof ${kind}` });
  try {
    const facts = await describeGate(session);
    const cycle = (await readCycles(session)).find((one) => one.seal === seal);
    if (cycle === undefined) {
      throw new OneRoofError('NOTHING_WAITS', {
        problem: `nobody has ratified ${release.name} on ${target.name}`,
        fix: 'there is nothing to close: the gate is closed until people ratify',
      });
    }
    const at = { kind, cycle, reason, name: release.name, target: target.name, pagePort: setup.pagePort };
    return await collect({
      context,
      session,
      sealed,
      store,
      at,
      policy: JSON.parse(facts.policy),
      registry: JSON.parse(facts.registry),
    });
  } finally {
    await session.close();
  }
};

interface At {
  readonly kind: Closing;
  readonly cycle: Cycle;
  readonly reason: string;
  readonly name: string;
  readonly target: string;
  readonly pagePort: number;
}

function bodyOf({ kind, cycle, reason, name }: At): string {
  const nonce = randomBytes(16).toString('hex');
  return kind === 'decline'
    ? writeStatement({
        kind: 'decline',
        subject: { name, digest: cycle.seal },
        predicate: { decision: 'decline', reason, statement: cycle.statement, nonce },
      })
    : writeStatement({
        kind: 'revocation',
        subject: { name, digest: cycle.statement },
        predicate: { reason, nonce },
      });
}

async function collect(of: {
  readonly context: Context;
  readonly session: Session;
  readonly sealed: Work['sealed'];
  readonly store: Work['store'];
  readonly at: At;
  readonly policy: Policy;
  readonly registry: Registry;
}): ReturnType<Run> {
  const { context, session, at, policy, registry } = of;
  const body = bodyOf(at);
  const statement = statementDigest(body);
  const signed = new EventEmitter();
  const first = once(signed, 'person', { signal: context.signal }) as Promise<[string]>;
  const missing = ['one enrolled person'];
  const page = await servePage({
    origin: policy.origin,
    listen: listenAt(policy, at.pagePort),
    draw: async () =>
      signPage({
        policy,
        title: `${at.kind === 'decline' ? 'Decline' : 'Revoke'} ${at.name} on ${at.target}`,
        facts: [
          ['Ratification', at.cycle.statement],
          ['Signed by', at.cycle.persons.join(', ')],
          ['Reason', at.reason],
        ],
        statement,
        text: canonicalJson(JSON.parse(body)),
        standing: { complete: false, signed: [], missing },
      }),
    actions: signingActions({
      body,
      policy,
      registry,
      barred: [],
      submit: async ({ person, signature }) => {
        await submitSignature(session, body, signature);
        await recordPeople(context, { ...of, target: at.target });
        setImmediate(() => signed.emit('person', person.id));
        return { complete: true, signed: [person.id], missing: [] };
      },
    }),
  });
  try {
    if (!policy.production) context.terminal.say(notForProduction);
    context.terminal.say(`open ${page.url} and type ${shortCode(statement)}; Ctrl-C ends it`);
    const [person] = await first.catch((cause: unknown): never => {
      throw new OneRoofError('INTERRUPTED', { problem: 'nobody has signed', fix: 'run the command again', cause });
    });
    return {
      exit: 0,
      schema: `oneroof/${at.kind}/1`,
      data: { statement, ratification: at.cycle.statement, person, reason: at.reason },
      text: `${printable(person)} has signed; ${at.kind === 'decline' ? 'the decline is kept' : 'the way forward is closed, the way back stays open'}`,
    };
  } finally {
    await page.close();
  }
}
