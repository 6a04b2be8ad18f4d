import { join } from 'node:path';
import { passedOnAt, passOn } from '../../signing/index.ts';
import { notFound, type Route } from '../room.ts';
import { type SiteServices } from '../site-services.ts';

/**
 * The pages of commands that run beside the site, while it has the address that they need: it passes them on. A page is found by the token
 * that its command showed; the token gives access to that page and to nothing else.
 */
export function commandPageRoutes({ setup, origin }: Pick<SiteServices, 'setup' | 'origin'>): readonly Route[] {
  const folder = join(setup.serve.folder, 'pages');
  const route = (method: Route['method'], path: string): Route => ({
    method,
    path,
    who: 'anybody',
    handle: async ({ params, body }) => {
      const asked = { method, token: params['token'] ?? '', action: params['action'] ?? '', origin, body };
      const response = await passOn(asked, folder);
      return response === null ? notFound('such page') : { kind: 'passed on', response };
    },
  });
  return [route('GET', `${passedOnAt}/:token/`), route('POST', `${passedOnAt}/:token/:action`)];
}
