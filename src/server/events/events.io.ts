import { type House } from '../house.ts';
import { type Route } from '../room.ts';
import { newsView } from './news.ts';
import { openHub } from './hub.io.ts';

/** More than these are turned away, so that open connections stay bounded. */
const mostListeners = 1000;
/** A connection ends after so long, and the browser asks again: whether it is still let in is asked again too. Milliseconds. */
const longest = 3_600_000;

/** Events for whoever looks at a page: `/events?release=SEAL`, or of all releases. */
export function eventRoutes(house: House): readonly Route[] {
  const { records, board, signal: stopped } = house;
  const hub = openHub({ store: records.store, board }, stopped);
  // one listener ends all of them
  const open = new Set<() => void>();
  stopped.addEventListener('abort', () => {
    for (const finish of open) finish();
  });
  return [
    {
      method: 'GET',
      path: '/events',
      handle: async ({ query }) => {
        if (hub.listeners >= mostListeners)
          return {
            kind: 'json',
            status: 503,
            value: {
              ok: false,
              code: 'busy',
              text: `${mostListeners} visitors listen already; reload to see what is new`,
            },
          };
        const seal = query['release'] ?? null;
        return {
          kind: 'events',
          run: (send, gone) =>
            new Promise<void>((resolve) => {
              const end = hub.listen({
                seal,
                hear: (news) => {
                  const { event, id, data } = newsView(news);
                  void send({ event, data, ...(id === null ? {} : { id }) });
                },
              });
              const finish = (): void => {
                clearTimeout(timer);
                end();
                open.delete(finish);
                resolve();
              };
              const timer = setTimeout(finish, longest).unref();
              gone.addEventListener('abort', finish, { once: true });
              open.add(finish);
            }),
        };
      },
    },
  ];
}
