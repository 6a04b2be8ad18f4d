import { homeRoutes } from './home/home.io.ts';
import { type House } from './house.ts';
import { type Route } from './room.ts';

/** Every room of the site. */
export function rooms(house: House): readonly Route[] {
  return [...homeRoutes(house)];
}
