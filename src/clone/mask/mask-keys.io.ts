import { isNonEmpty, OneRoofError, type Problem, printable, stated } from '../../core/index.ts';
import { fixed, id, type Session, sql } from '../../database/index.ts';
import { readForeignKeys } from '../foreign-keys.io.ts';
import { type ForeignKey } from '../foreign-keys.ts';
import { type MaskTarget } from './mask-targets.io.ts';

/**
 * Requires that foreign keys over masked columns hold. The triggers that enforce them do not run while rows are masked, so each is asked for rows
 * that refer to nothing.
 *
 * Errors  CLONE_MASK_FAILED, naming every key that does not hold.
 */
export async function requireKeys(session: Session, targets: readonly MaskTarget[]): Promise<void> {
  const masked = targets.flatMap(({ columns, all }) =>
    all.flatMap(({ oid }) => columns.map(({ column }) => ({ oid, column }))),
  );
  const problems: Problem[] = [];
  for (const key of await maskedKeys(session, masked)) {
    const isBroken = key.period || (await isBrokenKey(session, key));
    if (isBroken)
      problems.push({
        code: 'CLONE_MASK_FAILED',
        ...stated`foreign key ${{ key: printable(key.name) }} of ${{ table: printable(key.from.name) }} to ${{ referencedTable: printable(key.to.name) }} ${key.period ? 'is over periods, which are not checked' : 'does not hold after masking'}`,
        fix: 'mask the columns on both sides by the same expression, or none of them',
      });
  }
  if (isNonEmpty(problems)) throw OneRoofError.of(problems);
}

/** The keys that hold in production, of which a column on either side is masked. */
async function maskedKeys(
  session: Session,
  masked: readonly { readonly oid: string; readonly column: string }[],
): Promise<readonly ForeignKey[]> {
  const isMasked = (of: string, name: string): boolean =>
    masked.some(({ oid, column }) => oid === of && column === name);
  return (await readForeignKeys(session)).filter(
    ({ validated, from, to, pairs }) =>
      validated && pairs.some(({ own, other }) => isMasked(from.oid, own) || isMasked(to.oid, other)),
  );
}

async function isBrokenKey(session: Session, { from, to, only, match, pairs }: ForeignKey): Promise<boolean> {
  const own = pairs.map((pair) => id('f', pair.own).text);
  const equal = pairs.map(({ compare, collate }, n) => `${compare} ${own[n]}${collate}`).join(' and ');
  // MATCH FULL refuses a row that is null in part
  const nulls = match === 'f' ? `< ${pairs.length}` : '= 0';
  const rows = await session.query(sql`
    select from ${fixed(only.from + from.name)} f where pg_catalog.num_nulls(${fixed(own.join(', '))}) ${fixed(nulls)}
    and not exists (select from ${fixed(only.to + to.name)} t where ${fixed(equal)}) limit 1`);
  return rows.length > 0;
}
