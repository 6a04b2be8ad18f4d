/** Where a statement outside of a transaction is, inside and between the functions of the gate; in their order. */
export const moments = [
  'entered',
  'password set',
  'intention written',
  'intention committed',
  'clearing begun',
  'clearing prepared',
  'clearing written',
  'connected',
  'settled',
  'sent',
  'sent written',
  'running',
  'answered',
  'answer heard',
  'hung up',
  'answer committed',
  'looked at',
  'step written',
  'decided',
] as const;
export type Moment = (typeof moments)[number];

/** The number of a moment of one statement, as the locks name it; a clearing has moments of its own. */
export const keyOf = (of: { readonly moment: Moment; readonly n: number; readonly clears: boolean }): number =>
  (moments.indexOf(of.moment) + (of.clears ? 50 : 0)) * 1000 + of.n;

/** Lock spaces: what the test holds to stop the gate at a moment, and what the gate holds once it stands there. */
export const stops = 7770;
export const stands = 7771;

/** In front of which text of the gate's SQL each moment is, once; and what holds its tier and number there. */
const places: readonly (readonly [Moment, text: string, row: 'of' | 'o'])[] = [
  ['entered', `seen := gate.outside_look(of_statement, the_probe);\n  why :=`, 'of'],
  ['password set', `insert into gate.outside (statement`, 'of'],
  ['intention written', `end $gate$;\n\n-- The same for what a cut-off statement left`, 'of'],
  ['intention committed', `wait := case when o.probe`, 'o'],
  ['clearing begun', `-- someone who builds an index of that name`, 'o'],
  ['clearing prepared', `update gate.outside u set phase = 'clearing'`, 'o'],
  ['clearing written', `end $gate$;\n\n-- Sends it, in a transaction of its own`, 'o'],
  ['connected', `perform gate.outside_settle(c.link`, 'o'],
  ['settled', `execute format('select %I.dblink_send_query`, 'o'],
  ['sent', `update gate.outside u set pid = c.pid, sent_at`, 'o'],
  ['sent written', `return null;\nend $gate$;\n\n-- Whether it still runs`, 'o'],
  ['running', `own := gate.own_link();\n  -- a connection of this session`, 'o'],
  ['answered', `begin\n        for i in 1..2 loop execute`, 'o'],
  ['answer heard', `perform gate.outside_hang_up(own.link);\n      -- that the debris`, 'o'],
  ['hung up', `update gate.outside u set answer = said`, 'o'],
  ['answer committed', `seen := gate.outside_look(of_statement, o.probe);\n  outcome :=`, 'o'],
  ['looked at', `if outcome = 'done' then\n    insert into gate.steps`, 'o'],
  ['step written', `update gate.outside u set phase = outcome`, 'o'],
  ['decided', `return outcome;\nend $gate$;\n\n-- What was sent and is not decided`, 'o'],
];

/** Lets the gate stop at each moment for as long as a test holds its lock. */
export function withMoments(text: string): string {
  let changed = text;
  for (const [moment, before, row] of places) {
    if (changed.split(before).length !== 2) throw new Error(`"${moment}" is not at one place of the gate's SQL`);
    const at = moments.indexOf(moment);
    const clears =
      row === 'of' || moment.startsWith('clearing') ? '0' : `case when o.phase = 'clearing' then 50 else 0 end`;
    const n = row === 'of' ? 'left(of_tier, 1)::integer * 10 + of_n' : 'left(o.tier, 1)::integer * 10 + o.n';
    const key = `((${at} + ${clears}) * 1000 + ${n})`;
    changed = changed.replace(
      before,
      () => `if not pg_try_advisory_xact_lock_shared(${stops}, ${key}) then
  perform pg_advisory_xact_lock_shared(${stands}, ${key});
  while not pg_try_advisory_xact_lock_shared(${stops}, ${key}) loop perform pg_sleep(0.005); end loop;
end if;
${before}`,
    );
  }
  return changed;
}
