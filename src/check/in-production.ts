import { lockModes } from '../database/index.ts';
import { blockedBy, lockName } from '../rehearsal/index.ts';
import { type Hazard, type JudgedMigration } from './check-result.ts';
import {
  assumedRates,
  type Effort,
  explainEffort,
  explainSize,
  inProduction,
  isSmall,
  type ProductionSizes,
} from './production-sizes.ts';

/** What each hazard does with all of a table. */
const efforts: Partial<Record<Hazard['code'], Effort>> = {
  'rewrites-table': 'writes',
  'scans-table': 'reads',
  'index-blocks-writes': 'indexes',
  'not-null-scans': 'reads',
  'updates-all-rows': 'writes',
};

/** Hazards whose name is no table's: what CASCADE took along may be anything. */
const ofNoTable: readonly Hazard['code'][] = ['drops-others'];

/** Adds what production says of the tables of each hazard and lock. What takes time only is a warning where all of its tables are small there. */
export function withSizes(judged: JudgedMigration, sizes: ProductionSizes): JudgedMigration {
  return {
    ...judged,
    hazards: judged.hazards.map((hazard) => {
      if (ofNoTable.includes(hazard.code)) return hazard;
      const effort = effortOf(hazard);
      const production = inProduction(sizes, { relations: [hazard.relation, ...hazard.others], effort });
      const isShort = effort !== null && isSmall(production);
      return { ...hazard, production, level: isShort ? 'warning' : hazard.level };
    }),
    locks: judged.locks.map((lock) => ({
      ...lock,
      production: inProduction(sizes, { relations: [lock.relation], effort: null }),
    })),
  };
}

/** A dropped index is only a warning: nothing is read for it. */
function effortOf({ code, level }: Hazard): Effort | null {
  return code === 'index-blocks-writes' && level === 'warning' ? null : (efforts[code] ?? null);
}

/** What a hazard means in production, in one line; none where that was not asked. */
export function hazardInProduction(hazard: Hazard): readonly string[] {
  const { code, production } = hazard;
  if (production === null) return [];
  const effort = efforts[code];
  const time = explainEffort(production);
  const { least, most } = assumedRates[effort ?? 'reads'];
  const estimate =
    effort === undefined || time === null || production.bytes === 0
      ? ''
      : `; ${time} at ${least / 1e6} to ${most / 1e6} MB a second, which is assumed, not measured`;
  // this one is a warning at any size
  const isLowered = code !== 'updates-all-rows' && time !== null && isSmall(production);
  const small = isLowered ? '; a warning, because that is small' : '';
  return [`in production: ${explainSize(production)}${estimate}${small}`];
}

/** The modes under which others cannot write, or not even read, as people write them. */
const blocking = lockModes.filter((mode) => blockedBy(mode) !== 'schema changes').map(lockName);

/** The locks of an up that make others wait, a line each, with the table in production; none where that was not asked. */
export function locksInProduction({ locks }: Pick<JudgedMigration, 'locks'>): readonly string[] {
  return locks.flatMap(({ relation, mode, production }) =>
    production === null || !blocking.includes(mode)
      ? []
      : [`locks ${relation} ${mode}; in production: ${explainSize(production)}`],
  );
}
