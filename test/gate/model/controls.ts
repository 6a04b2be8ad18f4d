/**
 * The gate's checks, each with what switches it off in the text that installs the gate. Each text must be there.
 *
 * Shape   name: from, to.
 */
type Control = readonly [from: string, to: string];

/** A refusal that is no longer made. */
const silent = (code: string, start: string): Control => [
  `perform gate.refuse('${code}', '${start}`,
  `perform num_nonnulls('${code}', '${start}`,
];

export const controls: Readonly<Record<string, Control>> = {
  // whether a statement is open
  'purpose of a statement': ['if asked.checks is null then', 'if false then'],
  'registry in force': [
    "if registry.digest is null or p #>> '{registry,digest}' is distinct from registry.digest or",
    'if false and',
  ],
  'policy in force': ["if rules.digest is null or p ->> 'policy' is distinct from rules.digest then", 'if false then'],
  'signed rules once begun': ['if asked.signed_rules and exists', 'if false and exists'],
  'target handed in': ['if not found or gate.is_here(leaf) is not true then', 'if false then'],
  'a cycle of the same seal': [
    "if not found then reason := 'cycle: it names no",
    "if false then reason := 'cycle: it names no",
  ],
  'a cycle in place': ['and gate.in_place(of_cycle) is not true', 'and false'],
  'a hold point in the policy': ["if not found then reason := 'hold-point:", "if false then reason := 'hold-point:"],
  'seats of a statement': ['reason := gate.closed_seats(of_statement, seats);', 'reason := null;'],
  'seats of one-way tiers': [
    `then policy -> 'seats' || coalesce(policy -> 'oneWaySeats', '[]') else`,
    `then policy -> 'seats' else`,
  ],
  'seats of a hold point': [`select h -> 'seats' into seats from`, `select policy -> 'seats' into seats from`],
  revocation: ["if 'revoked' = any(asked.checks) then", 'if false then'],
  'begin of the window': ["if 'not-yet-valid' = any(asked.checks) and", 'if false and'],
  'end of the window': ["if 'expired' = any(asked.checks) and", 'if false and'],
  'later end of a rollback': ['until := case when asked.ends_later then', 'until := case when false then'],
  'length of the window': ["if 'too-long' = any(asked.checks) and", 'if false and'],
  'time for review': ["if 'review' = any(asked.checks) then", 'if false then'],
  'time for review from when the release was received': [
    `greatest(f.received_at, (p ->> 'sealedAt')::timestamptz)`,
    `(p ->> 'sealedAt')::timestamptz`,
  ],
  'time for review from when the release was sealed': [
    `greatest(f.received_at, (p ->> 'sealedAt')::timestamptz)`,
    'f.received_at',
  ],
  'age of the rehearsal': ["if 'rehearsal-age' = any(asked.checks) then", 'if false then'],
  'a rehearsal named': ["if 'evidence' = any(asked.checks) and", 'if false and'],
  'carried on by a rollback': ["gate.may(h.digest, direction, 'carry-on') and", 'false and'],
  'carried on for its own cycle': [
    "and h.body::jsonb #>> '{predicate,opens,cycle}' = s.digest and o.reason is null\n    order by o.until",
    'and o.reason is null\n    order by o.until',
  ],
  // an attempt and a tier
  'READ COMMITTED': [
    `is distinct from 'read committed' then perform gate.refuse('session'`,
    `is distinct from 'read committed' and false then perform gate.refuse('session'`,
  ],
  'a cycle of its own': silent('purpose', 'this ratification opens no'),
  'open when begun': ['perform gate.require_open(of_statement, direction);', 'perform null;'],
  'no other cycle in place': [
    "if other is not null then perform gate.refuse('in-progress'",
    "if false then perform gate.refuse('in-progress'",
  ],
  'not undone': silent('order', 'the rollback has begun'),
  'newest attempt': [
    'perform from gate.fence where epoch = of_epoch for update;',
    'perform from gate.fence for update;',
  ],
  'lock of the fence': ['where epoch = of_epoch for update', 'where epoch = of_epoch'],
  'age of the transaction': silent('age', 'the transaction began'),
  'one rollout in one direction a transaction': silent('order', 'this transaction has entered'),
  'next tier': silent('order', 'this is not the next tier'),
  'one-way': silent('one-way', 'this tier cannot be'),
  'data gate': [`perform gate.require_metrics(of_statement, 'data-gate',`, `perform num_nonnulls('data-gate',`],
  'hold point answered': silent('hold-point', 'a further ratification is needed'),
  'answer of this cycle': [`and h.body::jsonb #>> '{predicate,opens,cycle}' = of_cycle and o.reason`, 'and o.reason'],
  'answer for this tier': [`and h.body::jsonb #>> '{predicate,opens,tier}' = of_tier`, ''],
  schema: ['of_programs := gate.enter_schema(of_statement, of_direction);', "of_programs := '{}';"],
  'schema of a tier': ['  perform gate.require_same(differences);', ''],
  'schema at COMMIT': ['perform gate.commit_schema(new.statement, new.programs);', ''],
  // a step
  'entered in this transaction': [
    " and e.xid = pg_current_xact_id() and e.began = transaction_timestamp();\n  if not found then perform gate.refuse('order', 'the tier was not entered in this transaction'); end if;\n  perform gate.require_still_open(t);\n  path",
    ';\n  perform gate.require_still_open(t);\n  path',
  ],
  'still open': ['perform gate.require_tier_open(t.statement, t.direction, t.tier);', 'perform null;'],
  'still open: time': ['if (clock_timestamp() <= t.until and', 'if ('],
  'still open: documents': ['and t.documents = (select max(d.number) from gate.documents d)', ''],
  'still open: revocation': [
    `r.subject in (t.statement, t.answered) and r.kind`,
    `r.subject in (t.answered) and r.kind`,
  ],
  'next step': silent('order', 'this is not the next step'),
  'outside alone': silent('order', 'this tier runs in transactions'),
  'sealed bytes': [
    'if sealed is null or gate.step_digest(step) is distinct from sealed then',
    'if sealed is null then',
  ],
  'a step that runs once': silent('step', 'this step does not run in batches'),
  // leaving, and COMMIT
  'all steps': silent('order', 'not all steps of this tier have run'),
  'check of a tier': silent('check', 'a check of this tier'),
  'invariants always': [`perform gate.require_metrics(of_statement, 'invariant', invariants -> 'always');`, ''],
  'invariants at the end': [`perform gate.require_metrics(of_statement, 'invariant', ends);`, 'perform null;'],
  'form of COMMIT': silent('commit', 'a tier ends with COMMIT'),
  'left before COMMIT': silent('order', 'the tier was not left before'),
  'open at COMMIT': ['perform gate.require_tier_open(new.statement, new.direction, new.tier);', ''],
  // what people hand in
  'registry of a ratification': silent('registry', 'the ratification names another registry than the one in force'),
  'policy of a ratification': silent('policy', 'the ratification names another policy than the one in force'),
  assertion: ["if wrong is not null then perform gate.refuse(wrong, 'the signature does not count'); end if;", ''],
  author: silent('author', 'an author of a release'),
  'one signature a person': silent('duplicate', 'this person has already'),
  // the next registry or policy
  'chain of registries': silent('chain', 'it does not follow'),
  'a change follows': ["if p ->> 'previous' is distinct from (gate.active(s.kind)).digest", 'if false'],
  'number of a change': [
    "or (p ->> 'number')::numeric is distinct from (select count(*) from gate.documents d where d.kind = s.kind)",
    '',
  ],
  'begin of a change': [
    "if (moment >= (p ->> 'notBefore')::timestamptz) is not true then return",
    'if false then return',
  ],
  'end of a change': ["if (moment <= (p ->> 'expires')::timestamptz) is not true then return", 'if false then return'],
  'length of a change': [
    "if ((p ->> 'expires')::timestamptz - (p ->> 'notBefore')::timestamptz <=",
    "if (interval '0' <=",
  ],
  'a signature that was withdrawn': [
    "where r.kind = 'revocation' and r.subject = t.digest and w.person = p ->> 'id'",
    'where false',
  ],
  quorum: [`return gate.closed_seats(of_statement, policy -> 'quorum');`, 'return null;'],
};

/** The same for steps outside of a transaction. */
export const outsideControls: Readonly<Record<string, Control>> = {
  'a tier outside of a transaction': silent('order', 'this tier runs in transactions'),
  'no step of it in one': silent('order', 'the steps of this tier run outside of a transaction'),
  'nothing undecided when entered': ['  perform gate.require_decided(of_statement);', ''],
  'the text when intended': [
    "if t.steps[of_n] is null or gate.step_digest(step) is distinct from t.steps[of_n] then perform gate.refuse('step'",
    "if false then perform gate.refuse('step'",
  ],
  'tries of a step': ['if (coalesce(old.tries, 0) < 10) is not true then', 'if false then'],
  'state that the probe names': ["  if why is not null then perform gate.refuse('outside', why); end if;", ''],
  'fence when sent': [
    "perform from gate.fence where epoch = of_epoch for update;\n  if not found then perform gate.refuse('fence', 'a newer attempt has begun'); end if;\n  perform pg_notify",
    'perform from gate.fence for update;\n  perform pg_notify',
  ],
  'fence when polled': ['if not exists (select from gate.fence f where f.epoch = of_epoch) then', 'if false then'],
  'open when sent': ['    perform gate.require_tier_open(o.statement, o.direction, o.tier);\n', ''],
  'age of the intention': silent('age', 'the intention was written more than 60'),
  'the text when sent': [
    "if gate.step_digest(step) is distinct from t.steps[o.n] then perform gate.refuse('step'",
    "if false then perform gate.refuse('step'",
  ],
  'sent once': [
    "where u.phase in ('sent', 'clearing') and u.sent_at is null;",
    "where u.phase in ('sent', 'clearing');",
  ],
  'the connection that was prepared': [
    "if (gate.own_link()).session is distinct from o.session then return 'this session",
    "if false then return 'this session",
  ],
  'begun by what may have been sent': ["o.tier = t ->> 'id' and o.undecided", 'false'],
  'as it is now': ['  select pg_stat_clear_snapshot();\n', ''],
  'decided when it has ended': silent('outside', 'it is still running'),
  'the object of the step': ["if (outcome in ('done', 'absent', 'debris')) is not true then", 'if false then'],
  'schema when decided': [
    "    perform gate.leave_schema(o.statement, o.direction, o.tier, o.n, (select l.programs from gate.look(gate.footprint_of(of_statement) -> 'anchors') l));\n",
    '',
  ],
  'debris to clear': silent('order', 'there is nothing to clear'),
};
