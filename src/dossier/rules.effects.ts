import { type Milliseconds } from '../core/index.ts';
import { ofWhich } from '../rehearsal/index.ts';
import { countOf, listOf, one, type Rule, lengthOf } from './risk-rules.ts';

/** A lock of at least this length is a risk. People notice a second; a queue behind a lock forms sooner. */
export const lockLimits = { stop: 1000, think: 100 } as Readonly<Record<'stop' | 'think', Milliseconds>>;

/** What holds rows. */
const holding: readonly string[] = ['table', 'column', 'foreign table', 'materialized view', 'sequence', 'schema'];

const sum = (numbers: readonly number[]): number => numbers.reduce((all, n) => all + n, 0);

/** What the release does, and whether it can be undone. */
export const effects: Readonly<Record<string, Rule>> = {
  notProven: {
    part: 'back',
    says: ({ back }) =>
      one(back.verdict === 'not proven', 'stop', { title: 'The rollback is not proven', text: back.how }),
  },
  oneWay: {
    part: 'back',
    says: ({ back }) =>
      one(back.oneWay.length > 0, 'stop', {
        title: `${countOf(back.oneWay.length, 'tier')} cannot be undone`,
        text: listOf(back.oneWay.map(({ tier, reason }) => `${tier}: ${reason}`)),
      }),
  },
  strict: {
    part: 'back',
    says: ({ back }) => {
      const differ = `${countOf(back.differenceCount, 'property')} differ${back.differenceCount === 1 ? 's' : ''}: ${listOf(back.differences.map((text) => text.replace(/\n.*$/s, '')))}`;
      const missed = back.verdict === 'logical' && back.requires === 'strict';
      return one(back.verdict === 'logical', missed ? 'stop' : 'think', {
        title: missed
          ? 'The rollback restores less than the release requires'
          : 'The rollback restores everything that clients see by name, but not every physical property',
        text: differ.replaceAll('propertys', 'properties'),
      });
    },
  },
  rowsNotProven: {
    part: 'back',
    says: ({ back }) =>
      one(back.notProven.length > 0, 'think', {
        title: `The rows of ${countOf(back.notProven.length, 'relation')} could not be compared`,
        text: listOf(back.notProven.map(({ relation, reason }) => `${relation}: ${reason}`)),
      }),
  },
  losses: {
    part: 'back',
    says: ({ back }) =>
      one(back.losses.length > 0, 'think', {
        title: 'A rollback loses what users write meanwhile',
        text: listOf(back.losses.map(({ relation, text }) => `${relation}: ${text}`)),
      }),
  },
  backMayFail: {
    part: 'back',
    says: ({ changes }) => {
      const loosened = (changes.objects ?? []).filter(
        ({ kind, change, properties }) =>
          (kind === 'constraint' && change === 'dropped') ||
          (kind === 'constraint' && properties.some(({ name }) => name === 'definition')) ||
          (kind === 'column' && properties.some(({ name, before }) => name === 'notNull' && before === 'true')),
      );
      return one(loosened.length > 0, 'think', {
        title: 'Rows written meanwhile can stop the rollback',
        text: `it restores what the forward run removes: ${listOf(loosened.map(({ kind, name }) => `${kind} ${name}`))}`,
      });
    },
  },
  leftovers: {
    part: 'back',
    says: ({ back }) =>
      one(back.leftovers.length > 0, 'think', {
        title: 'Something remains after the rollback',
        text: listOf(back.leftovers),
      }),
  },
  dropped: {
    part: 'changes',
    says: ({ changes, back }) => {
      const dropped = (changes.objects ?? []).filter(({ change }) => change === 'dropped');
      const heavy = back.verdict === 'not proven' && dropped.some(({ kind }) => holding.includes(kind));
      return one(dropped.length > 0, heavy ? 'stop' : 'think', {
        title: `${countOf(dropped.length, 'object')} dropped`,
        text: listOf(dropped.map(({ kind, name }) => `${kind} ${name}`)),
      });
    },
  },
  unknownChanges: {
    part: 'changes',
    says: ({ changes }) =>
      one(changes.objects === null || changes.objects.length < changes.objectCount, 'think', {
        title: 'Not every changed object is listed',
        text:
          changes.objects === null
            ? 'the rehearsal did not record which objects change: rehearse again'
            : `${changes.objects.length} of ${changes.objectCount} are`,
      }),
  },
  lost: {
    part: 'changes',
    says: ({ changes: { lost = [] } }) =>
      one(lost.length > 0, 'think', {
        title: `${countOf(lost.length, 'object')} recreated without ${lost.length === 1 ? 'a property that it' : 'properties that they'} had`,
        text: `missing after the rollout: ${listOf(lost)}`,
      }),
  },
  skipped: {
    part: 'changes',
    says: ({ tiers, changes: { skipped: indexes = [] } }) => {
      const skipped = tiers.flatMap(({ id, up }) =>
        up.flatMap(({ notices }) =>
          notices.filter((text) => text.endsWith(', skipping')).map((text) => `${id}: ${text}`),
        ),
      );
      return one(skipped.length > 0, 'think', {
        title: `${countOf(skipped.length, 'statement')} did nothing`,
        text: `IF NOT EXISTS found an object with that name, perhaps a different one; IF EXISTS found none: ${listOf([...skipped, ...indexes])}`,
      });
    },
  },
  deleted: {
    part: 'changes',
    says: ({ changes }) => {
      const deleted = changes.rows.filter(({ up }) => up.deleted > 0);
      return one(deleted.length > 0, 'think', {
        title: `${countOf(sum(deleted.map(({ up }) => up.deleted)), 'row')} deleted`,
        text: listOf(deleted.map(({ relation, up }) => `${relation}: ${up.deleted}`)),
      });
    },
  },
  emptied: {
    part: 'changes',
    says: ({ changes: { emptied = [] } }) =>
      one(emptied.length > 0, 'think', {
        title: `${countOf(emptied.length, 'table')} emptied`,
        text: `all rows are removed: ${listOf(emptied)}`,
      }),
  },
  unmatched: {
    part: 'changes',
    says: ({ changes: { unmatched = [] } }) =>
      one(unmatched.length > 0, 'think', {
        title: `${countOf(unmatched.length, 'statement')} changed no row`,
        text: `its condition matched nothing, or something hides the rows: ${listOf(unmatched)}`,
      }),
  },
  behind: {
    part: 'changes',
    says: ({ changes: { behind = [] } }) =>
      one(behind.length > 0, 'think', {
        title: `${countOf(behind.length, 'sequence')} behind after the rollout`,
        text: `a row that takes its value from one will fail: ${listOf(behind)}`,
      }),
  },
  histories: {
    part: 'changes',
    says: ({ changes: { histories = [] } }) =>
      one(histories.length > 0, 'think', {
        title: `The history of a migration tool is written by hand`,
        text: `the tool believes afterwards that migrations ran, or did not; that this is so, only the statements of this release say: ${listOf(histories.map(({ relation, tools }) => `${relation} (${tools.join(' or ')})`))}`,
      }),
  },
  rewrites: {
    part: 'time',
    says: ({ time: { rewrites } }) =>
      one(rewrites.length > 0, 'think', {
        title: `${countOf(rewrites.length, 'table')} rewritten`,
        text: listOf(rewrites.map(({ relation, bytes }) => `${relation}${bytes === null ? '' : `, ${bytes} bytes`}`)),
      }),
  },
  longLocks: {
    part: 'locks',
    says: ({ locks }) => {
      const blocking = locks.filter(({ blocks }) => blocks !== 'schema changes');
      const isStop = ({ blocks, heldMs }: (typeof locks)[number]): boolean =>
        blocks === 'reads and writes' && heldMs >= lockLimits.stop;
      const stop = blocking.filter(isStop);
      const think = blocking.filter((lock) => !isStop(lock) && lock.heldMs >= lockLimits.think);
      const text = (all: typeof locks): string =>
        listOf(
          all
            .toSorted((a, b) => b.heldMs - a.heldMs)
            .map(
              ({ blocks, relation, heldMs, gateMs, tier }) =>
                `${blocks} of ${relation} for ${lengthOf(heldMs)} (${tier}${ofWhich(gateMs, lengthOf)})`,
            ),
        );
      return [
        ...one(stop.length > 0, 'stop', {
          title: `Reads and writes wait for ${lengthOf(lockLimits.stop)} or longer`,
          text: text(stop),
        }),
        ...one(think.length > 0, 'think', {
          title: `Others wait for ${lengthOf(lockLimits.think)} or longer`,
          text: text(think),
        }),
      ];
    },
  },
  shortLocks: {
    part: 'locks',
    says: ({ locks }) => {
      const short = locks.filter(({ blocks, heldMs }) => blocks !== 'schema changes' && heldMs < lockLimits.think);
      return one(short.length > 0, 'know', {
        title: `${countOf(short.length, 'lock')} shorter than ${lengthOf(lockLimits.think)}`,
        text: 'each first waits for all sessions that use the table, and later sessions wait behind it',
      });
    },
  },
};
