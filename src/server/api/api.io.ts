import { explain, type Report, standingOf, toPrompt, toRunbook, toSummary } from '../../report/index.ts';
import { type House } from '../house.ts';
import { reportOf } from '../papers/papers.io.ts';
import { isRelease, type ReleaseRecord } from '../records.ts';
import { notFound, type Route } from '../room.ts';
import { type api, type ApiRead } from './api.ts';
import { openApi } from './openapi.ts';

/** What answers each address. */
function readsOf(house: House): Readonly<Record<keyof typeof api, ApiRead>> {
  const record = (name: string | undefined): Promise<ReleaseRecord | null> => house.records.of(name ?? '');
  const report = async (name: string | undefined): Promise<Report | null> => {
    const found = await record(name);
    return found === null ? null : reportOf(house, found);
  };
  const occasion = async (params: Readonly<Record<string, string>>) => {
    const found = await record(params['seal']);
    return found?.sealed == null ? null : house.looks.occasion(found.sealed, params['target'] ?? '');
  };
  return {
    '/api/releases': async () => ({
      releases: await Promise.all(
        (await house.records.all()).filter(isRelease).map(async (one) => releaseOf(one, await reportOf(house, one))),
      ),
    }),
    '/api/releases/:seal': async ({ params }) => {
      const found = await record(params['seal']);
      return found === null ? null : releaseOf(found, await reportOf(house, found));
    },
    '/api/releases/:seal/report': ({ params }) => report(params['seal']),
    '/api/releases/:seal/summary': async ({ params }) => {
      const found = await report(params['seal']);
      const link = `${house.origin}/releases/${encodeURIComponent(params['seal'] ?? '')}`;
      return found === null ? null : { markdown: toSummary(found, link) };
    },
    '/api/releases/:seal/targets/:target': async ({ params }) => {
      const found = await occasion(params);
      if (found === null) return null;
      const standing = standingOf(found);
      return {
        target: found.target,
        gate: standing.gate,
        reasons: standing.gate === 'closed' ? standing.reasons.map(explain) : [],
        next: standing.gate === 'open' ? standing.next : null,
        ratification: standing.cycle?.statement ?? null,
        persons: standing.cycle?.persons ?? [],
        done: (standing.cycle?.done ?? []).map(({ tier, direction }) => ({ tier, direction })),
      };
    },
    '/api/releases/:seal/targets/:target/runbook': async ({ params }) => {
      const found = await occasion(params);
      return found === null ? null : { markdown: toRunbook(found) };
    },
    '/api/releases/:seal/targets/:target/prompt': async ({ params }) => {
      const found = await occasion(params);
      return found === null ? null : { markdown: toPrompt(found) };
    },
    '/api/evidence': async ({ query }) => {
      const { lines, checkpoint } = await house.records.store.log();
      const wanted = query['seal'];
      const why = new Map<number, string>();
      for (const one of await house.records.all())
        if (wanted === undefined || one.seal === wanted)
          for (const { entry, why: said } of (await one.heard(house.setup.defaultTarget)).uncounted)
            why.set(entry.index, said);
      const entries = lines.map(({ entry }) => ({ ...entry, uncounted: why.get(entry.index) ?? null }));
      return { entries: wanted === undefined ? entries : entries.filter((one) => one.seal === wanted), checkpoint };
    },
    '/api/evidence/:digest': async ({ params }) => {
      const found = (await house.records.store.entries()).find(({ digest }) => digest === params['digest']);
      if (found === undefined) return null;
      const pieces = await (await record(found.seal))?.evidence();
      const piece = pieces?.find(({ entry }) => entry.index === found.index);
      return piece?.readable === true ? (piece.body as object) : null;
    },
  };
}

/** The addresses of the API, and of its description. */
export function apiRoutes(house: House): readonly Route[] {
  return [
    ...Object.entries(readsOf(house)).map(
      ([path, read]): Route => ({
        method: 'GET',
        path,
        handle: async (visit) => {
          const value = await read(visit);
          return value === null ? notFound('such thing') : { kind: 'json', value };
        },
      }),
    ),
    { method: 'GET', path: '/api/openapi.json', handle: async () => ({ kind: 'json', value: openApi() }) },
  ];
}

function releaseOf({ seal: digest, name, sealed, lastAt }: ReleaseRecord, report: Report | null): object {
  return {
    seal: digest,
    name,
    title: sealed?.release.title ?? null,
    lastAt,
    readiness: report?.readiness.status ?? null,
    execution: report?.execution.status ?? null,
    blockers: report?.blockers ?? [],
  };
}
