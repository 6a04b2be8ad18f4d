import { type SiteServices } from '../site-services.ts';
import { reportsOf } from '../reports/report-routes.io.ts';
import { lastFailure } from '../problems.ts';
import { isRelease } from '../records.ts';
import { type Route } from '../room.ts';
import { homePage, type SealLine } from './home.ts';

/** The first page: every release, newest first. */
export function homeRoutes(services: SiteServices): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/',
      handle: async () => {
        const records = (await services.records.all()).filter(isRelease);
        const lines = await Promise.all(
          records.map(async (record): Promise<SealLine> => {
            const { seal, sealed, name, lastAt, entries } = record;
            const reports = await reportsOf(services, record);
            const { evidence } = await record.heard(services.setup.defaultTarget);
            return {
              seal,
              name,
              title: sealed?.release.title ?? null,
              // a seal that is made again is the newest again
              sealedIn: (entries.findLast(({ kind }) => kind === 'seal') ?? entries[0])?.index ?? -1,
              lastAt,
              failures: lastFailure(evidence)?.problems.map(({ problem }) => problem) ?? [],
              reports,
            };
          }),
        );
        return { kind: 'page', document: homePage(lines) };
      },
    },
  ];
}
