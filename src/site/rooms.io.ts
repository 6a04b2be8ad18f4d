import { afterRoutes } from './after/after-routes.io.ts';
import { evidenceRoutes } from './evidence/log-routes.io.ts';
import { homeRoutes } from './home/home.io.ts';
import { eventRoutes } from './events/event-routes.io.ts';
import { endingRoutes } from './endings/endings.io.ts';
import { type SiteServices } from './site-services.ts';
import { reportRoutes } from './reports/report-routes.io.ts';
import { releaseRoutes } from './release/release-routes.io.ts';
import { peopleMark } from './people/mark.io.ts';
import { peopleRoutes } from './people/people-routes.io.ts';
import { openReadings } from './people/readings.io.ts';
import { commandPageRoutes } from './pages/pages.io.ts';
import { type Route } from './room.ts';
import { statementRoutes } from './statements/statement-routes.io.ts';

/** Every room of the site. */
export function rooms(services: SiteServices): readonly Route[] {
  const readings = openReadings(services.setup);
  return [
    ...homeRoutes(services),
    ...releaseRoutes(services),
    ...eventRoutes(services, () => peopleMark(services, readings)),
    ...reportRoutes(services),
    ...statementRoutes(services),
    ...afterRoutes(services),
    ...evidenceRoutes(services),
    ...peopleRoutes(services, readings),
    ...endingRoutes(services, readings),
    ...commandPageRoutes(services),
  ];
}
