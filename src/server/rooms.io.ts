import { apiRoutes } from './api/api.io.ts';
import { evidenceRoutes } from './evidence/evidence.io.ts';
import { homeRoutes } from './home/home.io.ts';
import { eventRoutes } from './events/events.io.ts';
import { endingRoutes } from './endings/endings.io.ts';
import { type House } from './house.ts';
import { paperRoutes } from './papers/papers.io.ts';
import { releaseRoutes } from './release/release.io.ts';
import { peopleMark } from './people/mark.io.ts';
import { peopleRoutes } from './people/people.io.ts';
import { openReadings } from './people/readings.io.ts';
import { type Route } from './room.ts';
import { statementRoutes } from './statements/statements.io.ts';

/** Every room of the site. */
export function rooms(house: House): readonly Route[] {
  const readings = openReadings(house.setup);
  return [
    ...homeRoutes(house),
    ...releaseRoutes(house),
    ...eventRoutes(house, () => peopleMark(house, readings)),
    ...paperRoutes(house),
    ...statementRoutes(house),
    ...evidenceRoutes(house),
    ...peopleRoutes(house, readings),
    ...endingRoutes(house, readings),
    ...apiRoutes(house),
  ];
}
