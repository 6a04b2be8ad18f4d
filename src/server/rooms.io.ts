import { apiRoutes } from './api/api.io.ts';
import { evidenceRoutes } from './evidence/evidence.io.ts';
import { homeRoutes } from './home/home.io.ts';
import { type House } from './house.ts';
import { paperRoutes } from './papers/papers.io.ts';
import { peopleRoutes } from './people/people.io.ts';
import { type Route } from './room.ts';

/** Every room of the site. */
export function rooms(house: House): readonly Route[] {
  return [
    ...homeRoutes(house),
    ...paperRoutes(house),
    ...evidenceRoutes(house),
    ...peopleRoutes(house),
    ...apiRoutes(house),
  ];
}
