import { elapsed, type Milliseconds } from '../core/index.ts';
import { count, list, one, type Rule, time } from './rules.ts';

/** A rehearsal that is older than this says little of today's rows. */
export const oldRehearsal = 86_400_000 as Milliseconds;

/** How it runs, where, by whom, and on what evidence. */
export const around: Readonly<Record<string, Rule>> = {
  stepByStep: {
    part: 'statements',
    says: ({ tiers }) => {
      const each = tiers.filter(({ transaction, barred }) => transaction === 'each' && barred === null);
      return one(each.length > 0, 'think', {
        title: 'A failure can leave a tier half done',
        text: `these tiers run statement by statement, not in one transaction: ${list(each.map(({ id }) => id))}`,
      });
    },
  },
  unread: {
    part: 'production',
    says: ({ now }) =>
      now.read ? [] : [{ weight: 'stop', title: 'Production could not be looked at', text: now.why }],
  },
  drift: {
    part: 'production',
    says: ({ now }) => [
      ...one(now.read && now.schema === 'changed since the rehearsal', 'stop', {
        title: 'Production is no longer as it was rehearsed',
        text: 'its schema has changed; the gate stays closed until the release is rehearsed on what is there now',
      }),
      ...one(now.read && now.schema === 'not compared', 'think', {
        title: 'Whether production is still as rehearsed is not known',
        text: 'the rehearsal recorded no digest of the schema that can be compared',
      }),
    ],
  },
  metrics: {
    part: 'production',
    says: ({ now }) => {
      const off = now.read ? now.metrics.filter(({ holds }) => holds === false) : [];
      return one(off.length > 0, 'stop', {
        title: 'Production is not as the release expects',
        text: list(
          off.map(
            ({ name, value, expected }) =>
              `${name} ${value === null ? 'could not be measured' : `= ${value}`}, expected ${expected ?? ''}`,
          ),
        ),
      });
    },
  },
  closedGates: {
    part: 'production',
    says: ({ now }) => {
      const closed = now.read ? now.gates.filter(({ state }) => state === 'closed') : [];
      return one(closed.length > 0, 'think', {
        title: `${count(closed.length, 'data gate')} closed`,
        text: `the rollout is held there: ${list(closed.map(({ title, text }) => `${title}: ${text}`))}`,
      });
    },
  },
  blockers: {
    part: 'production',
    says: ({ now }) => [
      ...one(now.read && now.blockers.length > 0, 'think', {
        title: 'Somebody would make the rollout wait now',
        text: now.read ? list(now.blockers) : '',
      }),
      ...one(now.read && now.unseen !== null, 'know', {
        title: 'Not everybody who could make it wait is seen',
        text: now.read ? (now.unseen ?? '') : '',
      }),
    ],
  },
  dispatch: {
    part: 'outside',
    says: ({ outside }) =>
      one(outside.dispatch.length > 0, outside.declared === null ? 'stop' : 'think', {
        title: `It reaches out of the database${outside.declared === null ? ', and does not say so' : ''}`,
        text: `${outside.declared === null ? '' : `declared: ${outside.declared}; `}${list(outside.dispatch)}`,
      }),
  },
  declaredDispatch: {
    part: 'outside',
    says: ({ outside }) =>
      one(outside.declared !== null && outside.dispatch.length === 0, 'think', {
        title: 'It may reach out of the database',
        text: `declared, and not seen in the rehearsal: ${outside.declared ?? ''}`,
      }),
  },
  unmeasured: {
    part: 'outside',
    says: ({ outside }) =>
      one(outside.unmeasured.length > 0, 'know', {
        title: 'Not all that could leave the database was measured',
        text: list(outside.unmeasured),
      }),
  },
  varies: {
    part: 'outside',
    says: ({ outside }) =>
      one(outside.varies.length > 0, 'know', {
        title: 'Some values will differ from the rehearsed ones',
        text: list(outside.varies),
      }),
  },
  barred: {
    part: 'statements',
    says: ({ tiers }) => {
      const barred = tiers.flatMap(({ id, barred: reason }) => (reason === null ? [] : [`${id}: ${reason}`]));
      return one(barred.length > 0, 'know', {
        title: `${count(barred.length, 'tier')} barred: not rolled out by this release`,
        text: list(barred),
      });
    },
  },
  objections: {
    part: 'options',
    says: ({ reviews }) => {
      const said = (what: string): readonly string[] =>
        reviews.filter(({ finding }) => finding === what).map(({ by, text }) => `${by}: ${text}`);
      const [objects, pending, comments] = [said('objects'), said('pending'), said('comments')];
      return [
        ...one(objects.length > 0, 'stop', { title: 'A review objects', text: list(objects) }),
        ...one(pending.length > 0, 'think', { title: 'A review is not in yet', text: list(pending) }),
        ...one(comments.length > 0, 'know', { title: 'A review comments', text: list(comments) }),
      ];
    },
  },
  agents: {
    part: 'people',
    says: ({ authors }) => {
      const agents = authors.filter(({ kind }) => kind === 'agent');
      const alone = agents.some(({ instructedBy }) => instructedBy === null);
      return one(agents.length > 0, alone ? 'think' : 'know', {
        title: alone ? 'An agent wrote it, and nobody is named who instructed it' : 'An agent wrote it',
        text: list(
          agents.map(
            ({ name, instructedBy }) => `${name}${instructedBy === null ? '' : `, instructed by ${instructedBy}`}`,
          ),
        ),
      });
    },
  },
  nobody: {
    part: 'people',
    says: ({ authors }) =>
      one(authors.length === 0, 'think', {
        title: 'Nobody is named as its author',
        text: 'so nobody is kept from ratifying their own work',
      }),
  },
  measuredByAuthor: {
    part: 'evidence',
    says: ({ rehearsal }) =>
      one(rehearsal.measuredBy === 'its author', 'think', {
        title: 'Measured by its author',
        text: 'the key that recorded the seal recorded the rehearsal too: nobody else has measured this release',
      }),
  },
  role: {
    part: 'evidence',
    says: ({ rehearsal }) =>
      one(rehearsal.role?.isRollouts === false, 'think', {
        title: 'It was not rehearsed as the role of a rollout',
        text: `a statement may lack rights that it had here; it ran as ${rehearsal.role?.text ?? ''}`,
      }),
  },
  problems: {
    part: 'evidence',
    says: ({ rehearsal }) =>
      one(rehearsal.problems.length > 0, 'stop', {
        title: 'The rehearsals have problems',
        text: list(rehearsal.problems),
      }),
  },
  old: {
    part: 'evidence',
    says: ({ rehearsal, writtenAt }) => {
      const age = elapsed({ from: rehearsal.endedAt, to: writtenAt });
      return one(age > oldRehearsal, 'think', {
        title: `The rehearsal is older than ${time(oldRehearsal)}`,
        text: `it is ${time(age)} old, its copy ${time(elapsed({ from: rehearsal.golden.takenAt, to: writtenAt }))}`,
      });
    },
  },
  copy: {
    part: 'evidence',
    says: ({ rehearsal }) =>
      one(rehearsal.golden.proofLevel === 'none', 'think', {
        title: 'That the copy equals production is not known',
        text: 'nothing links the copy that was rehearsed on to production',
      }),
  },
  notProduction: {
    part: 'people',
    says: ({ production }) =>
      one(!production, 'know', {
        title: 'The policy is not for production',
        text: 'its rules may be weaker than those of production',
      }),
  },
};
