import { keyFingerprint } from '../../evidence/index.ts';
import { bundleText, catchUpStage, type Course } from '../../pipeline.io.ts';
import { type House } from '../house.ts';
import { keep } from '../kept.io.ts';
import { notFound, type Route } from '../room.ts';
import { entryPage, logPage } from './evidence.ts';

const perPage = 100;
/** So many targets are asked for one bundle. */
const mostTargets = 8;

/** The log, each piece of evidence, and a release's bundle. */
export function evidenceRoutes({ records, setup, onProblem }: House): readonly Route[] {
  /** As the command does: what people signed elsewhere belongs into a bundle. Several who ask at once ask once. */
  const asked = keep<void>({ lifetime: 0 });
  const catchUp = (course: Course): Promise<void> => asked.of(course.sealed.seal, () => catchUpAll(course));
  const catchUpAll = async (course: Course): Promise<void> => {
    for (const target of Object.values(setup.targets).slice(0, mostTargets)) {
      const why = await catchUpStage(course, target, 'oneroof serve');
      if (why !== null) onProblem(`${target.name} was not asked for a bundle: ${why}`);
    }
  };
  return [
    {
      method: 'GET',
      path: '/evidence',
      handle: async ({ query }) => {
        const { lines, checkpoint } = await records.store.log();
        const names = new Map((await records.all()).map(({ seal, name }) => [seal, name]));
        const last = Math.max(0, Math.ceil(lines.length / perPage) - 1);
        const asked = Math.floor(Number(query['page'] ?? 0));
        const page = Number.isFinite(asked) ? Math.min(Math.max(asked, 0), last) : 0;
        const shown = lines.toReversed().slice(page * perPage, (page + 1) * perPage);
        const why = new Map<number, string>();
        for (const seal of new Set(shown.map(({ entry }) => entry.seal)))
          for (const one of (await (await records.of(seal))?.heard(setup.defaultTarget))?.uncounted ?? [])
            why.set(one.entry.index, one.why);
        const rows = shown.map(({ entry, signer }) => ({
          entry,
          by: keyFingerprint(signer),
          name: names.get(entry.seal) ?? '',
          uncounted: why.get(entry.index) ?? null,
        }));
        return { kind: 'page', document: logPage({ rows, checkpoint, page, last, size: lines.length }) };
      },
    },
    {
      method: 'GET',
      path: '/evidence/:digest',
      handle: async ({ params, query }) => {
        const found = (await records.store.log()).lines.find(({ entry }) => entry.digest === params['digest']);
        if (found === undefined) return notFound('such evidence');
        // what the pages of its release show, read already
        const record = await records.of(found.entry.seal);
        const pieces = await record?.evidence();
        const heard = await record?.heard(setup.defaultTarget);
        const uncounted = heard?.uncounted.find(({ entry }) => entry.index === found.entry.index)?.why ?? null;
        const piece = pieces?.find(({ entry }) => entry.index === found.entry.index);
        if (piece === undefined) return notFound('such evidence');
        if (query['as'] === 'json' && piece.readable) return { kind: 'json', value: piece.body };
        return { kind: 'page', document: entryPage(piece, keyFingerprint(found.signer), uncounted) };
      },
    },
    {
      method: 'GET',
      path: '/releases/:seal/bundle',
      handle: async ({ params }) => {
        const record = await records.of(params['seal'] ?? '');
        if (record?.sealed == null) return notFound('such release');
        const course = { sealed: record.sealed, store: records.store };
        await catchUp(course);
        const text = await bundleText(course);
        return { kind: 'text', type: 'application/json', text, name: `${record.name}.bundle.json` };
      },
    },
  ];
}
