import { now } from '../../core/index.ts';
import { type Document, html, path } from '../../page/index.ts';
import { buildReport, type Report, reportHtml, titleOf, toMarkdown, toPrompt, toRunbook } from '../../report/index.ts';
import { type House } from '../house.ts';
import { keep } from '../kept.io.ts';
import { type ReleaseRecord } from '../records.ts';
import { notFound, type Reply, type Route } from '../room.ts';
import { paperPage } from './papers.ts';

/** Report, runbook and prompt of the command line, in the design of the site. */
export function paperRoutes(house: House): readonly Route[] {
  const reported = (answer: (record: ReleaseRecord, report: Report) => Reply): Route['handle'] => {
    return async ({ params }) => {
      const record = await house.records.of(params['seal'] ?? '');
      const report = record === null ? null : await reportOf(house, record);
      return record === null || report === null ? notFound('such release') : answer(record, report);
    };
  };
  const paper = (kind: 'runbook' | 'prompt'): Route['handle'] => {
    return async ({ params, query }) => {
      const record = await house.records.of(params['seal'] ?? '');
      if (record?.sealed == null) return notFound('such release');
      const occasion = await house.looks.occasion(record.sealed, params['target'] ?? '');
      const text = kind === 'runbook' ? toRunbook(occasion) : toPrompt(occasion);
      if (query['as'] === 'markdown') return { kind: 'text', type: 'text/markdown; charset=utf-8', text };
      return { kind: 'page', document: paperPage(record, { kind, target: occasion.target, text }) };
    };
  };
  return [
    {
      method: 'GET',
      path: '/releases/:seal/report',
      handle: reported((record, report) => ({ kind: 'page', document: reportPage(record, report) })),
    },
    {
      method: 'GET',
      path: '/releases/:seal/report.md',
      handle: reported((_, report) => ({
        kind: 'text',
        type: 'text/markdown; charset=utf-8',
        text: toMarkdown(report),
      })),
    },
    { method: 'GET', path: '/releases/:seal/targets/:target/runbook', handle: paper('runbook') },
    { method: 'GET', path: '/releases/:seal/targets/:target/prompt', handle: paper('prompt') },
  ];
}

/** A report is made again at most so often, and at once where something was recorded, which makes another record. Milliseconds. */
const reports = keep<Report | null>({ lifetime: 1000 });

/** The report of a release from its evidence alone, now; null where its files were not recorded. */
export function reportOf(house: House, record: ReleaseRecord): Promise<Report | null> {
  return reports.of(record.seal, () => makeReport(house, record), record);
}

async function makeReport({ setup }: House, record: ReleaseRecord): Promise<Report | null> {
  if (record.sealed === null) return null;
  return buildReport({
    release: record.sealed,
    ...(await record.heard(setup.defaultTarget)),
    policy: setup.policy,
    now: now(),
    // the report encodes it
    hrefOf: ({ digest }) => `/evidence/${digest}`,
  });
}

function reportPage(record: ReleaseRecord, report: Report): Document {
  return {
    title: titleOf(report),
    trail: [
      ['Releases', '/'],
      [record.name, path('releases', record.seal)],
    ],
    main: html`${reportHtml(report)}<p class="noprint"><a href="${path('releases', record.seal, 'report.md')}">As Markdown</a></p>`,
  };
}
