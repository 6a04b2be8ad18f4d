import { onAbort } from '../../core/index.ts';
import { type SiteServices } from '../site-services.ts';
import { type Route, type Send } from '../room.ts';
import { newsView } from './news.ts';
import { openHub } from './hub.io.ts';
import { openWatch } from './watch.io.ts';

/** More than these are turned away, so that open connections stay bounded. */
const mostListeners = 1000;
/** A connection ends after this time, and the browser connects again; then its session is checked again too. Milliseconds. */
const longest = 3_600_000;

/** Events for visitors of a page: `/events?release=SEAL`, or of all releases; `/events?people`, of the people. */
export function eventRoutes(services: SiteServices, peopleMark: () => Promise<string>): readonly Route[] {
  const { records, board, signal: stopped } = services;
  const hub = openHub({ store: records.store, board }, stopped);
  const people = openWatch(peopleMark, stopped);
  // one listener ends all of them
  const open = new Set<() => void>();
  onAbort(stopped, () => {
    for (const finish of open) finish();
  });
  return [
    {
      method: 'GET',
      path: '/events',
      handle: async ({ query }) => {
        if (open.size >= mostListeners)
          return {
            kind: 'json',
            status: 503,
            value: {
              ok: false,
              code: 'busy',
              text: `${mostListeners} visitors are connected already; reload to see what is new`,
            },
          };
        const listen = (send: Send): (() => void) =>
          query['people'] === undefined
            ? hub.listen({
                seal: query['release'] ?? null,
                hear: (news) => {
                  const { event, id, data } = newsView(news);
                  void send({ event, data, ...(id === null ? {} : { id }) });
                },
              })
            : people.listen((mark) => void send({ event: 'people', data: { mark } }));
        return {
          kind: 'events',
          run: (send, gone) =>
            new Promise<void>((resolve) => {
              const end = listen(send);
              const finish = (): void => {
                clearTimeout(timer);
                end();
                open.delete(finish);
                resolve();
              };
              const timer = setTimeout(finish, longest).unref();
              open.add(finish);
              onAbort(gone, finish);
            }),
        };
      },
    },
  ];
}
