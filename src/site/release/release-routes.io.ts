import { existsSync } from 'node:fs';
import { type Activity } from '../../activity/index.ts';
import { now } from '../../core/index.ts';
import { type KnownEvidence } from '../../evidence-kinds/index.ts';
import { type HeardEvidence, readPolicy } from '../../people/index.ts';
import { type SealedRelease } from '../../release/index.ts';
import { judgeRelease, type Report } from '../../report/index.ts';
import { type Setup, targetsOf } from '../../setup/index.ts';
import { activityView } from '../events/news.ts';
import { type SiteServices } from '../site-services.ts';
import { reportsOf } from '../reports/report-routes.io.ts';
import { notFound, type Route } from '../room.ts';
import { lastFailure } from '../problems.ts';
import { historyOf } from './release-history.ts';
import { type ReleaseView, releasePage } from './release-html.ts';
import { openTargets, type TargetAnswer } from './target-answers.io.ts';

/** So many targets are asked for one page; a fleet has a page of its own. */
const mostTargets = 8;
/** A finished command is of interest for so long. Milliseconds. */
const yesterday = 86_400_000;

/** The page of a release. */
export function releaseRoutes(services: SiteServices): readonly Route[] {
  const ask = openTargets();
  return [
    {
      method: 'GET',
      path: '/releases/:seal',
      handle: async ({ params }) => {
        const record = await services.records.of(params['seal'] ?? '');
        if (record === null) return notFound('such release');
        const { seal, name, sealed, entries } = record;
        const [heard, reports, all, targets] = await Promise.all([
          record.heard(services.setup.defaultTarget),
          reportsOf(services, record),
          // the page says what was recorded, also where the board cannot be read
          services.board.all().catch(() => []),
          sealed === null
            ? []
            : Promise.all(
                targetsOf(services.setup)
                  .slice(0, mostTargets)
                  .map((one) => ask(one, seal)),
              ),
        ]);
        const { evidence } = heard;
        const activities = recent(all.filter((one) => one.seal === seal));
        const view: ReleaseView = {
          seal,
          name,
          known:
            sealed === null ? null : knownOf({ sealed, heard, reports, setup: services.setup, targets, activities }),
          targets,
          activities: activities.map(activityView),
          failure: lastFailure(evidence),
          history: historyOf(await record.evidence(), heard.uncounted),
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
  readonly heard: HeardEvidence<KnownEvidence>;
  readonly reports: readonly Report[] | null;
  readonly setup: Setup;
  readonly targets: readonly TargetAnswer[];
  readonly activities: readonly Activity[];
}): ReleaseView['known'] {
  const { sealed, heard, reports, setup, targets, activities } = of;
  const { policy } = setup;
  const hrefOf = ({ digest }: { readonly digest: string }): string => `/evidence/${digest}`;
  const { report } = judgeRelease({ release: sealed, ...heard, policy, now: now(), hrefOf });
  const [first] = targets;
  const ratifications = first?.ratifications ?? { state: 'unread' as const, why: 'oneroof.yaml names no target' };
  const running = activities.filter(({ target }) => target === first?.target);
  return {
    sealed,
    report,
    reports: [report, ...(reports ?? []).slice(1)],
    line: { sealed, report, ratifications, holdPoints: holdPointsOf(setup), running },
  };
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
