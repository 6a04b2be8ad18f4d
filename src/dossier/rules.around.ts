import { elapsed, type Milliseconds, truncate } from '../core/index.ts';
import { type DriftDifference, explainUnrelated } from '../fingerprint/index.ts';
import { type Review } from '../reviews/index.ts';
import { countOf, listOf, one, type Rule, lengthOf } from './risk-rules.ts';

/** A rehearsal that is older than this says little of today's rows. */
export const oldRehearsal = 86_400_000 as Milliseconds;

/** Rules about how, where and as whom it runs, and about the evidence. */
export const rulesAround: Readonly<Record<string, Rule>> = {
  stepByStep: {
    part: 'statements',
    says: ({ tiers }) => {
      const each = tiers.filter(({ transaction, barred }) => transaction === 'each' && barred === null);
      return one(each.length > 0, 'think', {
        title: 'A failure can leave a tier half done',
        text: `these tiers run statement by statement, not in one transaction: ${listOf(each.map(({ id }) => id))}`,
      });
    },
  },
  migrations: {
    part: 'statements',
    says: ({ tiers }) => {
      const all = tiers.flatMap(({ migration }) => migration ?? []);
      return one(all.length > 0, 'know', {
        title: `${all.length === 1 ? 'A tier is a migration' : `${all.length} tiers are migrations`} of ${all[0]?.tool ?? ''}`,
        text: 'each has the statements of its file and the row that the tool would record; compare the SHA-256 of each file with the file in your repository, because only that says that it is the same one',
      });
    },
  },
  drafted: {
    part: 'statements',
    says: ({ tiers }) => {
      const drafted = tiers.filter((tier) => tier.drafted === true && tier.barred === null);
      return one(drafted.length > 0, 'think', {
        title: `${countOf(drafted.length, 'rollback')} drafted by a command`,
        text: `its statements follow from the differences on a clone, and no author says to have read them; what users write after the rollout was not there: ${listOf(drafted.map(({ id }) => id))}`,
      });
    },
  },
  outsideTransaction: {
    part: 'statements',
    says: ({ tiers }) => {
      const outside = tiers.filter(({ transaction, barred }) => transaction === 'outside' && barred === null);
      return one(outside.length > 0, 'think', {
        title: `${countOf(outside.length, 'tier')} outside of any transaction`,
        text: `each statement is final when it ends, so a failure can leave a tier half done; each may wait for every older transaction of the database: ${listOf(outside.map(({ id }) => id))}`,
      });
    },
  },
  unread: {
    part: 'production',
    says: ({ now }) => (now.read ? [] : [{ weight: 'stop', title: 'Production could not be read', text: now.why }]),
  },
  drift: {
    part: 'production',
    says: ({ now }) => [
      ...one(now.read && now.schema === 'changed since the rehearsal', 'stop', {
        title: 'Production differs from the rehearsed state',
        text: `others changed objects that the release depends on: ${now.read ? listOf(changedObjects(now.drift ?? [])) : ''}; the gate stays closed until the release is rehearsed on the present schema`,
      }),
      ...one(now.read && now.unrelated != null && now.unrelated.count > 0, 'know', {
        title: 'Production changed outside of what the release depends on',
        text: now.read && now.unrelated != null ? explainUnrelated(now.unrelated) : '',
      }),
      ...one(now.read && now.schema === 'not compared', 'think', {
        title: 'It is unknown whether production is still as rehearsed',
        text: 'the rehearsal recorded no comparable digest of the schema',
      }),
    ],
  },
  metrics: {
    part: 'production',
    says: ({ now }) => {
      const off = now.read ? now.metrics.filter(({ holds }) => holds === false) : [];
      return one(off.length > 0, 'stop', {
        title: 'Production does not have the values that the release expects',
        text: listOf(
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
        title: `${countOf(closed.length, 'data gate')} closed`,
        text: `the rollout stops there: ${listOf(closed.map(({ title, text }) => `${title}: ${text}`))}`,
      });
    },
  },
  blockers: {
    part: 'production',
    says: ({ now }) => [
      ...one(now.read && now.blockers.length > 0, 'think', {
        title: 'The rollout would wait for other sessions now',
        text: now.read ? listOf(now.blockers) : '',
      }),
      ...one(now.read && now.unseen !== null, 'know', {
        title: 'Not every session that it could wait for is visible',
        text: now.read ? (now.unseen ?? '') : '',
      }),
    ],
  },
  dispatch: {
    part: 'outside',
    says: ({ outside }) =>
      one(outside.dispatch.length > 0, outside.declared === null ? 'stop' : 'think', {
        title: `It reaches outside of the database${outside.declared === null ? ' without a declaration' : ''}`,
        text: `${outside.declared === null ? '' : `declared: ${outside.declared}; `}${listOf(outside.dispatch)}`,
      }),
  },
  declaredDispatch: {
    part: 'outside',
    says: ({ outside }) =>
      one(outside.declared !== null && outside.dispatch.length === 0, 'think', {
        title: 'It may reach outside of the database',
        text: `declared, but not seen in the rehearsal: ${outside.declared ?? ''}`,
      }),
  },
  unmeasured: {
    part: 'outside',
    says: ({ outside }) =>
      one(outside.unmeasured.length > 0, 'know', {
        title: 'Not every effect outside of the database was measured',
        text: listOf(outside.unmeasured),
      }),
  },
  varies: {
    part: 'outside',
    says: ({ outside }) =>
      one(outside.varies.length > 0, 'know', {
        title: 'Parts of it may differ from the rehearsal',
        text: listOf(outside.varies),
      }),
  },
  barred: {
    part: 'statements',
    says: ({ tiers }) => {
      const barred = tiers.flatMap(({ id, barred: reason }) => (reason === null ? [] : [`${id}: ${reason}`]));
      return one(barred.length > 0, 'know', {
        title: `${countOf(barred.length, 'tier')} barred: not rolled out by this release`,
        text: listOf(barred),
      });
    },
  },
  reviews: {
    part: 'options',
    says: ({ reviews }) => {
      const said = (what: Review['finding']): readonly string[] =>
        reviews.filter(({ finding }) => finding === what).map(({ by, text }) => `${by}: ${truncate(text, 300)}`);
      const [objects, unread, comments] = [said('objects'), said('unreadable'), said('comments')];
      const own = reviews.filter(({ from }) => from === 'its author').map(({ by, finding }) => `${by} ${finding}`);
      return [
        ...one(objects.length > 0, 'stop', { title: 'A review objects', text: listOf(objects) }),
        ...one(unread.length > 0, 'stop', { title: 'A review cannot be read', text: listOf(unread) }),
        ...one(own.length > 0, 'think', {
          title: 'Reviewed by its author',
          text: `the key that recorded the seal also signed a review, so this is no second opinion: ${listOf(own)}`,
        }),
        ...one(comments.length > 0, 'know', { title: 'A review comments', text: listOf(comments) }),
      ];
    },
  },
  agents: {
    part: 'people',
    says: ({ authors }) => {
      const agents = authors.filter(({ kind }) => kind === 'agent');
      const alone = agents.some(({ instructedBy }) => instructedBy === null);
      return one(agents.length > 0, alone ? 'think' : 'know', {
        title: alone ? 'An agent wrote it, and the release does not name who instructed it' : 'An agent wrote it',
        text: listOf(
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
        title: 'The release names no author',
        text: 'so an author may ratify their own work',
      }),
  },
  measuredByAuthor: {
    part: 'evidence',
    says: ({ rehearsal }) =>
      one(rehearsal.measuredBy === 'its author', 'think', {
        title: 'Measured by its author',
        text: 'the key that recorded the seal also recorded the rehearsal: no one else has measured this release',
      }),
  },
  role: {
    part: 'evidence',
    says: ({ rehearsal }) =>
      one(rehearsal.role?.isRollouts === false, 'think', {
        title: 'It was not rehearsed with the role of a rollout',
        text: `in production a statement may lack rights that it had in the rehearsal; it ran as ${rehearsal.role?.text ?? ''}`,
      }),
  },
  problems: {
    part: 'evidence',
    says: ({ rehearsal }) =>
      one(rehearsal.problems.length > 0, 'stop', {
        title: 'The rehearsals have problems',
        text: listOf(rehearsal.problems),
      }),
  },
  old: {
    part: 'evidence',
    says: ({ rehearsal, writtenAt }) => {
      const age = elapsed({ from: rehearsal.endedAt, to: writtenAt });
      return one(age > oldRehearsal, 'think', {
        title: `The rehearsal is older than ${lengthOf(oldRehearsal)}`,
        text: `it is ${lengthOf(age)} old, its copy ${lengthOf(elapsed({ from: rehearsal.golden.takenAt, to: writtenAt }))}`,
      });
    },
  },
  copy: {
    part: 'evidence',
    says: ({ rehearsal }) =>
      one(rehearsal.golden.proofLevel === 'none', 'think', {
        title: 'It is unknown whether the copy equals production',
        text: 'nothing connects the copy of the rehearsal with production',
      }),
  },
  sampled: {
    part: 'evidence',
    says: ({ rehearsal }) =>
      one(rehearsal.golden.sampled === true, 'think', {
        title: 'It was rehearsed on a sample of production',
        text: 'times, locks and sizes are lower bounds, and rows that were not there were not tried: a constraint may fail on them',
      }),
  },
  stale: {
    part: 'evidence',
    says: ({ rehearsal: { golden } }) => {
      if (golden.production === undefined || golden.production.is === 'equal') return [];
      const { is, text } = golden.production;
      const title =
        is === 'different'
          ? 'The copy of the rehearsal differed from production'
          : 'The copy of the rehearsal was not compared with production';
      return [{ weight: is === 'different' ? 'think' : 'know', title, text }];
    },
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

/** Each object once, by kind and name. */
function changedObjects(drift: readonly DriftDifference[]): readonly string[] {
  return [...new Set(drift.map(({ object }) => object.replace(': ', ' ')))].slice(0, 10);
}
