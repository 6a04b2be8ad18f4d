import { type House } from '../house.ts';
import { reportOf } from '../papers/papers.io.ts';
import { isRelease } from '../records.ts';
import { type Route } from '../room.ts';
import { homePage, type ReleaseLine } from './home.ts';

/** The first page: every release, newest first. */
export function homeRoutes(house: House): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/',
      handle: async () => {
        const records = (await house.records.all()).filter(isRelease);
        const lines = await Promise.all(
          records.map(async (record): Promise<ReleaseLine> => {
            const { seal, sealed, name, lastAt, entries } = record;
            const report = await reportOf(house, record);
            return {
              seal,
              name,
              title: sealed?.release.title ?? null,
              lastAt,
              entries: entries.length,
              report,
              target: house.setup.defaultTarget,
            };
          }),
        );
        return { kind: 'page', document: homePage(lines) };
      },
    },
  ];
}
