import { z } from 'zod';
import { type Entry } from '../../evidence/index.ts';
import { type Report, standingOf, toMarkdown, toPrompt, toRunbook } from '../../report/index.ts';
import { type House } from '../house.ts';
import { reportOf } from '../papers/papers.io.ts';
import { type ReleaseRecord } from '../records.ts';
import { notFound, type Route } from '../room.ts';
import { type ApiRoute } from './api.ts';
import { evidenceForm, releaseForm, releasesForm, reportForm, standingForm, textForm } from './forms.ts';
import { openApi } from './openapi.ts';

const seal = 'the digest of the sealed release';
const target = 'the name of a target in oneroof.yaml';

/** What can be read as JSON, with the description of it. */
export function apiOf(house: House): readonly ApiRoute[] {
  const record = (name: string | undefined): Promise<ReleaseRecord | null> => house.records.of(name ?? '');
  const report = async (name: string | undefined): Promise<Report | null> => {
    const found = await record(name);
    return found === null ? null : reportOf(house, found);
  };
  const occasion = async (params: Readonly<Record<string, string>>) => {
    const found = await record(params['seal']);
    return found?.sealed == null ? null : house.looks.occasion(found.sealed, params['target'] ?? '');
  };
  return [
    {
      path: '/api/releases',
      summary: 'every release, newest first',
      parameters: {},
      answer: releasesForm,
      read: async () => ({
        releases: await Promise.all(
          (await house.records.all()).map(async (one) => releaseOf(one, await reportOf(house, one))),
        ),
      }),
    },
    {
      path: '/api/releases/:seal',
      summary: 'one release in short',
      parameters: { seal },
      answer: releaseForm,
      read: async ({ params }) => {
        const found = await record(params['seal']);
        return found === null ? null : releaseOf(found, await reportOf(house, found));
      },
    },
    {
      path: '/api/releases/:seal/report',
      summary: 'the GO / NO-GO report, from the evidence, now',
      parameters: { seal },
      answer: reportForm,
      read: ({ params }) => report(params['seal']),
    },
    {
      path: '/api/releases/:seal/summary',
      summary: 'the report as Markdown, fit for a comment',
      parameters: { seal },
      answer: textForm,
      read: async ({ params }) => {
        const found = await report(params['seal']);
        return found === null ? null : { markdown: toMarkdown(found) };
      },
    },
    {
      path: '/api/releases/:seal/targets/:target',
      summary: 'where the release stands on a target: gate, ratification, tiers that are done',
      parameters: { seal, target },
      answer: standingForm,
      read: async ({ params }) => {
        const found = await occasion(params);
        if (found === null) return null;
        const standing = standingOf(found);
        return {
          target: found.target,
          gate: standing.gate,
          reasons: standing.gate === 'open' ? [] : standing.reasons,
          next: standing.gate === 'open' ? standing.next : null,
          ratification: standing.cycle?.statement ?? null,
          persons: standing.cycle?.persons ?? [],
          done: (standing.cycle?.done ?? []).map(({ tier, direction }) => ({ tier, direction })),
        };
      },
    },
    ...(['runbook', 'prompt'] as const).map(
      (kind): ApiRoute => ({
        path: `/api/releases/:seal/targets/:target/${kind}`,
        summary: kind === 'runbook' ? 'what a person at night follows' : 'what an agent may do now',
        parameters: { seal, target },
        answer: textForm,
        read: async ({ params }) => {
          const found = await occasion(params);
          return found === null ? null : { markdown: kind === 'runbook' ? toRunbook(found) : toPrompt(found) };
        },
      }),
    ),
    {
      path: '/api/evidence',
      summary: 'the log, oldest first, with its checkpoint',
      parameters: { seal: `only of this release: ${seal}` },
      answer: evidenceForm,
      read: async ({ query }) => {
        const { lines, checkpoint } = await house.records.store.log();
        const entries = lines.map(({ entry }): Entry => entry);
        const wanted = query['seal'];
        return { entries: wanted === undefined ? entries : entries.filter((one) => one.seal === wanted), checkpoint };
      },
    },
    {
      path: '/api/evidence/:digest',
      summary: 'one piece of evidence, as it was recorded',
      parameters: { digest: 'its digest' },
      answer: z.looseObject({}),
      read: async ({ params }) => {
        const found = (await house.records.store.entries()).find(({ digest }) => digest === params['digest']);
        if (found === undefined) return null;
        const piece = (await house.records.store.of(found.seal)).find(({ entry }) => entry.index === found.index);
        return piece?.readable === true ? (piece.body as object) : null;
      },
    },
  ];
}

/** The addresses of the API, and of its description. */
export function apiRoutes(house: House): readonly Route[] {
  const api = apiOf(house);
  return [
    ...api.map(
      ({ path, read }): Route => ({
        method: 'GET',
        path,
        handle: async (visit) => {
          const value = await read(visit);
          return value === null ? notFound('such thing') : { kind: 'json', value };
        },
      }),
    ),
    { method: 'GET', path: '/api/openapi.json', handle: async () => ({ kind: 'json', value: openApi(api) }) },
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
