import { now, type NonEmpty, keep } from '../../core/index.ts';
import { targetOf, targetsOf } from '../../setup/index.ts';
import { buildReport, type Report } from '../../report/index.ts';
import { type SiteServices } from '../site-services.ts';
import { type ReleaseRecord } from '../records.ts';
import { notFound, type Route } from '../room.ts';
import { reportPage } from './report-html.ts';

/** The report of the command line, in the design of the site. */
export function reportRoutes(services: SiteServices): readonly Route[] {
  const handle: Route['handle'] = async ({ params: { seal = '', target } }) => {
    const record = await services.records.of(seal);
    const reports = record === null ? null : await reportsOf(services, record, target);
    if (record === null || reports === null) return notFound('such release');
    return { kind: 'page', document: reportPage(record, reports) };
  };
  return [
    { method: 'GET', path: '/releases/:seal/report', handle },
    { method: 'GET', path: '/releases/:seal/targets/:target/report', handle },
  ];
}

/** A report is made again at most so often, and at once where something was recorded, which makes another record. Milliseconds. */
const kept = keep<Report | null>({ lifetime: 1000 });

/** The reports of a release, one for each target or for the one that is named, from its evidence alone, now; null where its files were not recorded. */
export async function reportsOf(
  services: SiteServices,
  record: ReleaseRecord,
  target?: string,
): Promise<NonEmpty<Report> | null> {
  const { setup } = services;
  const [first, ...others] = target === undefined ? targetsOf(setup) : [targetOf(setup, target)];
  const report = await reportOf(services, record, first.name);
  if (report === null) return null;
  const more = await Promise.all(others.map(({ name }) => reportOf(services, record, name)));
  return [report, ...more.filter((one) => one !== null)];
}

function reportOf(services: SiteServices, record: ReleaseRecord, target: string): Promise<Report | null> {
  return kept.of(`${record.seal} ${target}`, () => makeReport(services, record, target), record);
}

async function makeReport({ setup }: SiteServices, record: ReleaseRecord, target: string): Promise<Report | null> {
  if (record.sealed === null) return null;
  return buildReport({
    release: record.sealed,
    ...(await record.heard(target)),
    policy: setup.policy,
    now: now(),
    // the report encodes it
    hrefOf: ({ digest }) => `/evidence/${digest}`,
  });
}
