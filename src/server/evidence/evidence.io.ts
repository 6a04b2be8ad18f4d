import { writeBundle } from '../../bundle/index.ts';
import { type Digest } from '../../core/index.ts';
import { keyFingerprint } from '../../evidence/index.ts';
import { sealDocument } from '../../release/index.ts';
import { type House } from '../house.ts';
import { notFound, type Route } from '../room.ts';
import { entryPage, logPage } from './evidence.ts';

const perPage = 100;

/** The log, each piece of evidence, and a release's bundle. */
export function evidenceRoutes({ records }: House): readonly Route[] {
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
        const rows = lines
          .toReversed()
          .slice(page * perPage, (page + 1) * perPage)
          .map(({ entry, signer }) => ({ entry, by: keyFingerprint(signer), name: names.get(entry.seal) ?? '' }));
        return { kind: 'page', document: logPage({ rows, checkpoint, page, last, size: lines.length }) };
      },
    },
    {
      method: 'GET',
      path: '/evidence/:digest',
      handle: async ({ params, query }) => {
        const found = (await records.store.log()).lines.find(({ entry }) => entry.digest === params['digest']);
        if (found === undefined) return notFound('such evidence');
        const pieces = await records.store.of(found.entry.seal);
        const piece = pieces.find(({ entry }) => entry.index === found.entry.index);
        if (piece === undefined) return notFound('such evidence');
        if (query['as'] === 'json' && piece.readable) return { kind: 'json', value: Object(piece.body) as object };
        return { kind: 'page', document: entryPage(piece, keyFingerprint(found.signer)) };
      },
    },
    {
      method: 'GET',
      path: '/releases/:seal/bundle',
      handle: async ({ params }) => {
        const record = await records.of(params['seal'] ?? '');
        if (record?.sealed == null) return notFound('such release');
        const bytes = new Map<Digest, Uint8Array>();
        for (const entry of record.entries) {
          const found = await records.store.bytes(entry);
          if (found !== null) bytes.set(entry.digest, found);
        }
        const text = writeBundle({
          release: { name: record.name, seal: record.seal },
          document: sealDocument(record.sealed.release),
          log: await records.store.log(),
          bytes,
        });
        return { kind: 'text', type: 'application/json', text, name: `${record.name}.bundle.json` };
      },
    },
  ];
}
