import { apiRoutes } from './api/api.io.ts';
import { evidenceRoutes } from './evidence/evidence.io.ts';
import { homeRoutes } from './home/home.io.ts';
import { eventRoutes } from './events/events.io.ts';
import { type House } from './house.ts';
import { paperRoutes } from './papers/papers.io.ts';
import { releaseRoutes } from './release/release.io.ts';
import { peopleRoutes } from './people/people.io.ts';
import { type Route } from './room.ts';
import { statementRoutes } from './statements/statements.io.ts';

/** Every room of the site. */
export function rooms(house: House): readonly Route[] {
  return [
    ...homeRoutes(house),
    ...releaseRoutes(house),
    ...eventRoutes(house),
    ...paperRoutes(house),
    ...statementRoutes(house),
    ...evidenceRoutes(house),
    ...peopleRoutes(house),
    ...apiRoutes(house),
  ];
}
