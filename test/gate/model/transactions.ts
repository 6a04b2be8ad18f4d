import {
  type Action,
  type Bound,
  changed,
  held,
  marked,
  type Name,
  nothing,
  type Outcome,
  schemaOf,
  type Sent,
  type SessionState,
  type StepCall,
  tiersOf,
  type Transaction,
  viewOf,
  type World,
} from './state.ts';
import { whyNotOpen } from './opening.ts';
import { attempt, type Call, enter, leave, step } from './steps.ts';
import { outside, sent } from './sending.ts';

/** The checks of each tier that the transaction entered, in the order in which it did. */
function commitCode(world: World, session: Name, isPlain: boolean): string | null {
  const view = viewOf(world, session);
  for (const row of view.entered) {
    if (!isPlain) return 'commit';
    const name = held(world, row.cycle)?.release ?? '';
    const tier = tiersOf(name).find(({ id }) => id === row.tier);
    if (tier?.transaction === 'single' && !marked(view, row)) return 'order';
    const closed = whyNotOpen(world, view, row);
    if (closed !== null) return closed;
    if (schemaOf(view.data) !== view.kept[row.cycle]) return 'schema';
  }
  return null;
}

/** Whether what its transaction did is durable. */
function committed(world: World, session: Name): World {
  const layer = world.sessions[session].transaction?.layer ?? nothing;
  const view = viewOf(world, session);
  return ended(
    {
      ...world,
      epoch: layer.epoch ?? world.epoch,
      steps: view.steps,
      markers: view.markers,
      kept: view.kept,
      data: view.data,
      sendings: view.sendings,
      password: layer.password === undefined ? world.password : layer.password,
      sessions: { ...world.sessions, [session]: { ...world.sessions[session], link: view.link } },
    },
    session,
  );
}

function ended(world: World, session: Name): World {
  const after = withSession(world, session, { transaction: null });
  const { running } = world;
  return running?.session === session ? { ...after, running: null, data: changed(world.data, running.effect) } : after;
}

function withSession(world: World, session: Name, more: Partial<SessionState>): World {
  const sessions = { ...world.sessions, [session]: { ...world.sessions[session], ...more } };
  return { ...world, sessions };
}

export interface Next {
  readonly world: World;
  readonly outcome: Outcome;
}

/** A statement failed: what was done since the last savepoint is undone, its locks are released. */
function failed(world: World, session: Name, outcome: Outcome): Next {
  const { transaction } = world.sessions[session];
  if (transaction === null) return { world, outcome };
  const layer = transaction.savepoints.at(-1) ?? nothing;
  return { world: withSession(world, session, { transaction: { ...transaction, state: 'aborted', layer } }), outcome };
}

/** A call of the gate, within a transaction or as one of its own. */
function called(world: World, action: Extract<Action, { do: 'attempt' }> | Bound | StepCall | Sent): Next {
  const { session } = action;
  const { transaction } = world.sessions[session];
  const call: Call = { world, session, view: viewOf(world, session), layer: transaction?.layer ?? nothing };
  const answer =
    action.do === 'attempt'
      ? attempt(call, action)
      : 'text' in action
        ? action.do === 'outside'
          ? outside(call, action)
          : 'n' in action
            ? step(call, action)
            : sent(call, action)
        : action.do === 'enter'
          ? enter(call, action)
          : leave(call, action);
  if (answer.code !== null) return failed(world, session, answer.code);
  const open: Transaction = transaction ?? {
    began: world.now,
    isolation: 'read committed',
    state: 'active',
    savepoints: [],
    layer: nothing,
  };
  const remembered =
    action.do === 'attempt'
      ? { attempt: { cycle: action.cycle, direction: action.direction, epoch: Number(answer.value) } }
      : {};
  const next = withSession({ ...world, ...answer.now }, session, {
    transaction: { ...open, layer: answer.layer },
    ...remembered,
  });
  const outcome = answer.value === undefined ? 'ok' : `ok ${answer.value}`;
  if (transaction !== null) return { world: next, outcome };
  // without BEGIN it is a transaction of its own, which no COMMIT ends
  const code = commitCode(next, session, false);
  return code === null ? { world: committed(next, session), outcome } : { world, outcome: code };
}

/** Transaction control, as PostgreSQL does it. */
export function controlled(world: World, action: Extract<Action, { readonly session: Name }>): Next {
  const { session } = action;
  const { transaction } = world.sessions[session];
  const set = (more: Partial<Transaction>): Next => ({
    world: withSession(world, session, { transaction: { ...(transaction as Transaction), ...more } }),
    outcome: 'ok',
  });
  const aborted = transaction?.state === 'aborted';
  switch (action.do) {
    case 'begin': {
      if (aborted) return { world, outcome: '25P02' };
      if (transaction !== null) return { world, outcome: 'ok' };
      const { isolation } = action;
      const begun: Transaction = { began: world.now, isolation, state: 'active', savepoints: [], layer: nothing };
      return { world: withSession(world, session, { transaction: begun }), outcome: 'ok' };
    }
    case 'savepoint':
      if (transaction === null) return { world, outcome: '25P01' };
      if (aborted) return { world, outcome: '25P02' };
      return set({ savepoints: [...transaction.savepoints, transaction.layer] });
    case 'rollback-to': {
      if (transaction === null) return { world, outcome: '25P01' };
      const layer = transaction.savepoints[action.depth];
      if (layer === undefined) return failed(world, session, '3B001');
      return set({ state: 'active', layer, savepoints: transaction.savepoints.slice(0, action.depth + 1) });
    }
    case 'release-savepoint':
      if (transaction === null) return { world, outcome: '25P01' };
      if (aborted) return { world, outcome: '25P02' };
      if (action.depth >= transaction.savepoints.length) return failed(world, session, '3B001');
      return set({ savepoints: transaction.savepoints.slice(0, action.depth) });
    case 'rollback':
      return { world: ended(world, session), outcome: 'ok' };
    case 'constraints': {
      if (transaction === null) return { world, outcome: 'ok' };
      if (aborted) return { world, outcome: '25P02' };
      if (transaction.layer.entered.length > 0) return failed(world, session, 'commit');
      return set({ layer: { ...transaction.layer, constraints: 'immediate' } });
    }
    case 'commit': {
      const isChained = action.form === 'commit and chain';
      if (transaction === null) return { world, outcome: isChained ? '25P01' : 'ok' };
      const code = aborted ? null : commitCode(world, session, !isChained);
      if (code !== null) return { world: ended(world, session), outcome: code };
      const after = aborted ? ended(world, session) : committed(world, session);
      if (!isChained) return { world: after, outcome: 'ok' };
      const { isolation } = transaction;
      const chained: Transaction = { began: world.now, isolation, state: 'active', savepoints: [], layer: nothing };
      return { world: withSession(after, session, { transaction: chained }), outcome: 'ok' };
    }
    case 'attempt':
    case 'enter':
    case 'leave':
    case 'step':
    case 'batch':
    case 'outside':
    case 'send':
    case 'poll':
    case 'decide':
    case 'clear':
      return aborted ? { world, outcome: '25P02' } : called(world, action);
  }
}
