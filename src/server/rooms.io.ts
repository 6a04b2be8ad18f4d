import { homeRoutes } from './home/home.io.ts';
import { eventRoutes } from './events/events.io.ts';
import { type House } from './house.ts';
import { releaseRoutes } from './release/release.io.ts';
import { type Route } from './room.ts';

/** Every room of the site. */
export function rooms(house: House): readonly Route[] {
  return [...homeRoutes(house), ...releaseRoutes(house), ...eventRoutes(house)];
}
