import { now } from '../../core/index.ts';
import { buildReport } from '../../report/index.ts';
import { type House } from '../house.ts';
import { type Route } from '../room.ts';
import { homePage, type ReleaseLine } from './home.ts';

/** The first page: every release, newest first. */
export function homeRoutes(house: House): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/',
      handle: async () => {
        const records = await house.records.all();
        const lines = await Promise.all(
          records.map(async (record): Promise<ReleaseLine> => {
            const { seal, sealed, name, lastAt, entries } = record;
            const at = now();
            const report =
              sealed === null
                ? null
                : buildReport({
                    release: sealed,
                    evidence: await record.evidence(),
                    policy: house.setup.policy,
                    now: at,
                    hrefOf: ({ digest }) => `/evidence/${digest}`,
                  });
            return { seal, name, title: sealed?.release.title ?? null, lastAt, entries: entries.length, report };
          }),
        );
        return { kind: 'page', document: homePage(lines) };
      },
    },
  ];
}
