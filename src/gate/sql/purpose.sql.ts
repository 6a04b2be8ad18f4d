import { literal } from '../../database/index.ts';
import { purposes } from '../../people/index.ts';

const text = (value: string): string => literal(value).text;
const list = (values: readonly string[]): string => `array[${values.map(text).join(', ')}]`;

const rows = Object.entries(purposes).flatMap(([what, directions]) =>
  Object.entries(directions).flatMap(([direction, purpose]) =>
    purpose === null
      ? []
      : [
          `(${text(what)}, ${text(direction)}, ${list(purpose.may)}, ${list(purpose.checks)}, ${purpose.rules === 'signed-once-begun'}, ${purpose.ends === 'later'})`,
        ],
  ),
);

/** The table of what a ratification opens, for the database: generated from the table that Node uses. */
export const purposeFunctions = `
-- What a ratification with this purpose may be used for in a direction, and which checks apply. No row: it opens nothing there.
create function gate.purpose(of_what text, of_direction text, out may text[], out checks text[], out signed_rules boolean, out ends_later boolean)
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select t.may, t.checks, t.signed_rules, t.ends_later from (values
    ${rows.join(',\n    ')}) t(what, direction, may, checks, signed_rules, ends_later)
  where t.what = of_what and t.direction = of_direction
$gate$;

-- Whether a statement may be used for an act. Only ratifications may be used for any.
create function gate.may(of_statement text, of_direction text, act text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select coalesce((select act = any((gate.purpose(s.body::jsonb #>> '{predicate,opens,what}', of_direction)).may)
    from gate.statements s where s.digest = of_statement and s.kind = 'ratification'), false)
$gate$;
`;
