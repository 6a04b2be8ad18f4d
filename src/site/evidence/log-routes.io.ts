import { keep } from '../../core/index.ts';
import { keyFingerprint } from '../../evidence/index.ts';
import { bundleText, catchUpStage, type Course } from '../../pipeline.io.ts';
import { type SiteServices } from '../site-services.ts';
import { notFound, type Route } from '../room.ts';
import { entryPage, type LogFilter, logPage, type LogView } from './log-html.ts';

const perPage = 100;
/** So many targets are asked for one bundle. */
const mostTargets = 8;

/** The log, each piece of evidence, and a release's bundle. */
export function evidenceRoutes({ records, setup, onProblem }: SiteServices): readonly Route[] {
  /** Like the command: a bundle includes what people signed elsewhere. Several simultaneous requests cause one reading. */
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
        const filter = filterOf(query);
        const { lines, checkpoint } = await records.store.log();
        const all = await records.all();
        const signed = lines.map(({ entry, signer }) => ({ entry, by: keyFingerprint(signer) })).toReversed();
        const whyOf = async (seals: ReadonlySet<string>): Promise<ReadonlyMap<number, string>> => {
          const heard = all.filter(({ seal }) => seals.has(seal)).map((one) => one.heard(setup.defaultTarget));
          return new Map(
            (await Promise.all(heard)).flatMap((one) => one.uncounted.map(({ entry, why }) => [entry.index, why])),
          );
        };
        const fitting = signed.filter(
          ({ entry, by }) =>
            (filter.kind ?? entry.kind) === entry.kind &&
            (filter.by ?? by) === by &&
            (filter.release ?? entry.seal) === entry.seal,
        );
        const sealsOf = (some: typeof signed): ReadonlySet<string> => new Set(some.map(({ entry }) => entry.seal));
        // what counts is known by reading: of all that fits only where it is asked for
        const not = filter.counted === 'no' ? await whyOf(sealsOf(fitting)) : null;
        const found = not === null ? fitting : fitting.filter(({ entry }) => not.has(entry.index));
        const last = Math.max(0, Math.ceil(found.length / perPage) - 1);
        const asked = Math.floor(Number(query['page'] ?? 0));
        const page = Number.isFinite(asked) ? Math.min(Math.max(asked, 0), last) : 0;
        const shown = found.slice(page * perPage, (page + 1) * perPage);
        const why = not ?? (await whyOf(sealsOf(shown)));
        const view: LogView = {
          rows: shown.map((one) => ({ ...one, uncounted: why.get(one.entry.index) ?? null })),
          filter,
          kinds: countsOf(signed.map(({ entry }) => entry.kind)),
          signers: countsOf(signed.map(({ by }) => by)),
          names: new Map(all.map(({ seal, name }) => [seal, name])),
          checkpoint,
          page,
          last,
          found: found.length,
          size: lines.length,
        };
        return { kind: 'page', document: logPage(view) };
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

function filterOf({ kind, by, release, counted }: Readonly<Record<string, string>>): LogFilter {
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(by === undefined ? {} : { by }),
    ...(release === undefined ? {} : { release }),
    ...(counted === 'no' ? { counted } : {}),
  };
}

/** How many there are of each, the most first. */
function countsOf(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return new Map([...counts].toSorted(([, one], [, other]) => other - one));
}
