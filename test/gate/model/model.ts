import { type Action, changed, held, viewOf, withIndex, type World } from './state.ts';
import { whyClosed } from './opening.ts';
import { uniqueViolation, whyNotEntered } from './steps.ts';
import { controlled, type Next } from './transactions.ts';
import { accepted, submitted } from './submission.ts';

const duplicateTable = '42P07';

/** What the rules say that an action does. */
export function apply(world: World, action: Action): Next {
  const then = (more: Partial<World>): Next => ({ world: { ...world, ...more }, outcome: 'ok' });
  switch (action.do) {
    case 'clock':
      return then({ now: action.to });
    case 'propose':
      return then({ statements: { ...world.statements, [action.statement.id]: action.statement } });
    case 'draft':
      return then({ documents: { ...world.documents, [action.document.token]: action.document } });
    case 'submit':
      return submitted(world, action);
    case 'target':
      return held(world, action.statement) === null
        ? { world, outcome: 'unknown' }
        : then({ targets: [...world.targets, action.statement] });
    case 'release':
      return then({ handedIn: { [action.name]: world.now, ...world.handedIn } });
    case 'accept':
      return accepted(world, action.document);
    case 'rows': {
      const after = changed(world.data, action.effect);
      if (world.data.index.is === 'valid' && (after.rows['p1'] ?? 0) > 1) return { world, outcome: uniqueViolation };
      return then({ data: after });
    }
    case 'index':
      if (action.to === 'another' && world.data.index.is !== 'none') return { world, outcome: duplicateTable };
      return then({ data: withIndex(world.data, action.to) });
    case 'ready':
      return then({ data: { ...world.data, ready: action.rows } });
    case 'definer':
      return then({});
    case 'drift':
      return then({ data: { ...world.data, drift: action.drift } });
    case 'ask': {
      const code = whyClosed(world, { view: viewOf(world, null), id: action.statement, direction: action.direction });
      return { world, outcome: `${code ?? 'open'}, and a tier: ${whyNotEntered(world, action) ?? 'free'}` };
    }
    default:
      return controlled(world, action);
  }
}

/** For the final state: what the application and the gate hold, as text. */
export function summary(world: World): string {
  const view = viewOf(world, null);
  const rows = Object.entries(view.data.rows)
    .filter(([, count]) => count > 0)
    .map(([row, count]) => `${row}:${count}`)
    .sort();
  const steps = view.steps.map(({ cycle, direction, tier }) => `${cycle} ${direction} ${tier}`).sort();
  const markers = view.markers.map(({ cycle, direction, tier }) => `${cycle} ${direction} ${tier}`).sort();
  const sendings = view.sendings
    .map(({ cycle, direction, tier, n, phase }) => `${cycle} ${direction} ${tier} ${n} ${phase}`)
    .sort();
  return JSON.stringify({ rows, table: view.data.table, index: view.data.index.is, steps, markers, sendings });
}
