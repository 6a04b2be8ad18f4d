import { existsSync } from 'node:fs';
import { type Activity } from '../../activity/index.ts';
import { now } from '../../core/index.ts';
import { type Evidence } from '../../kinds/index.ts';
import { type Heard, readPolicy } from '../../gate/index.ts';
import { type SealedRelease } from '../../release/index.ts';
import { judgeRelease } from '../../report/index.ts';
import { type Setup } from '../../setup/index.ts';
import { activityView } from '../events/news.ts';
import { type House } from '../house.ts';
import { notFound, type Route } from '../room.ts';
import { lastFailure } from '../problems.ts';
import { historyOf, readingsOf } from './history.ts';
import { asCommand, type NextCommand, nextCommand } from './next.ts';
import { type ReleaseView, releasePage } from './release.ts';
import { openTargets, type TargetWord } from './target.io.ts';
import { cycleOf, type LineSource } from './tiers.ts';

/** So many targets are asked for one page; a fleet has a page of its own. */
const mostTargets = 8;
/** A finished command is of interest for so long. Milliseconds. */
const yesterday = 86_400_000;

/** The page of a release. */
export function releaseRoutes(house: House): readonly Route[] {
  const ask = openTargets();
  return [
    {
      method: 'GET',
      path: '/releases/:seal',
      handle: async ({ params }) => {
        const record = await house.records.of(params['seal'] ?? '');
        if (record === null) return notFound('such release');
        const { seal, name, sealed, entries } = record;
        const [heard, all, targets] = await Promise.all([
          record.heard(house.setup.defaultTarget),
          // the page says what was recorded, also where the board cannot be read
          house.board.all().catch(() => []),
          sealed === null ? [] : Promise.all(targetsOf(house.setup).map(ask)),
        ]);
        const { evidence } = heard;
        const activities = recent(all.filter((one) => one.seal === seal));
        const view: ReleaseView = {
          seal,
          name,
          known: sealed === null ? null : knownOf({ sealed, heard, setup: house.setup, targets, activities }),
          targets,
          activities: activities.map(activityView),
          failure: lastFailure(evidence),
          history: historyOf(await record.evidence(), heard.uncounted),
          readings: readingsOf(evidence),
          last: entries.at(-1)?.index ?? -1,
          at: now(),
        };
        return { kind: 'page', document: releasePage(view) };
      },
    },
  ];
}

function knownOf(of: {
  readonly sealed: SealedRelease;
  readonly heard: Heard<Evidence>;
  readonly setup: Setup;
  readonly targets: readonly TargetWord[];
  readonly activities: readonly Activity[];
}): ReleaseView['known'] {
  const { sealed, heard, setup, targets, activities } = of;
  const { policy } = setup;
  const hrefOf = ({ digest }: { readonly digest: string }): string => `/evidence/${digest}`;
  const { report, blockers } = judgeRelease({ release: sealed, ...heard, policy, now: now(), hrefOf });
  const [first] = targets;
  const ratifications = first?.ratifications ?? { state: 'unread' as const, why: 'oneroof.yaml names no target' };
  const running = activities.filter(({ target }) => target === first?.target);
  const line: LineSource = { sealed, report, ratifications, holdPoints: holdPointsOf(setup), running };
  const next = nextCommand({ sealed, report, blockers, ratifications, cycle: cycleOf(line) });
  const mend: Pick<NextCommand, 'why' | 'verb'> = {
    why: 'The last rehearsal failed, as is shown below: mend the release, seal it, and rehearse again.',
    verb: 'seal',
  };
  const isFailed = lastFailure(heard.evidence) !== null && next.verb === 'rehearse';
  const runs: typeof mend = { why: 'It runs now, as is shown below.', verb: null };
  const isRunning = running.some(({ state, kind }) => state === 'running' && kind !== 'rehearsal');
  return {
    sealed,
    report,
    line,
    next: isRunning ? asCommand(runs, sealed) : isFailed ? asCommand(mend, sealed) : next,
  };
}

/** The default target first: the line of tiers speaks of it. */
function targetsOf({ targets, defaultTarget }: Setup) {
  const { [defaultTarget]: first, ...others } = targets;
  return [...(first === undefined ? [] : [first]), ...Object.values(others)].slice(0, mostTargets);
}

/** All that runs, and the last few that ended. */
function recent(activities: readonly Activity[]): readonly Activity[] {
  const running = activities.filter(({ state }) => state === 'running');
  const ended = activities.filter(
    ({ state, updatedAt }) => state !== 'running' && Date.now() - Date.parse(updatedAt) < yesterday,
  );
  return [...running, ...ended.slice(0, 2)];
}

function holdPointsOf({ policyFile }: Setup): readonly string[] | null {
  try {
    return existsSync(policyFile) ? readPolicy(policyFile).holdPoints.map(({ before }) => before) : [];
  } catch {
    return null;
  }
}
