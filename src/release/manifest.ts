import { z } from 'zod';
import { keyForm as key } from '../core/index.ts';
import { importedForm } from './imported-form.ts';
import { after, afterExample, expects, links } from './manifest-parts.ts';
import { tierForm } from './manifest-tier.ts';
import {
  bounded,
  bounds,
  boundsAdvice,
  customName,
  duration,
  expectation,
  line,
  metricName,
  relationPattern,
  schemasSearched,
  size,
  slug,
  tierId,
  timezone,
} from './values.ts';

const expectations = z.record(metricName, expectation).default({});
const settings = z.strictObject({
  lockTimeout: key(duration.prefault('2s'), 'How long a statement may wait for a lock.', '2s'),
  statementTimeout: key(duration.prefault('5min'), 'How long a statement may run.', '5min'),
  searchPath: key(
    schemasSearched.default(['public']),
    'The schemas in which PostgreSQL looks up names without a schema; of those that begin with `pg_` only `pg_catalog`, as the first.',
    ['app', 'public'],
  ),
  role: key(
    line.optional(),
    'The role of the rehearsal on a copy without a gate; default: the owner of the database. On a copy with a gate, the rehearsal always uses the role of the gate.',
    'app_owner',
  ),
  timezone: key(
    timezone.optional(),
    'The time zone of the session: a name, or an offset that is positive to the east; default: UTC.',
    'Europe/Berlin',
  ),
  custom: key(
    z.record(customName, z.string().max(1000, 'expected at most 1000 characters')).default({}),
    'Settings of the application that the SQL of the release reads with `current_setting()`.',
    { 'app.mode': 'blue' },
  ),
});

const budgets = z.strictObject({
  lock: key(
    duration.optional(),
    'How long others may wait for one lock. [What counts](../FORMAT.md#the-time-of-a-lock).',
    '200ms',
  ),
  total: key(duration.optional(), 'The longest that the whole forward run may take.', '10min'),
  rewrite: key(size.optional(), 'The largest table that the release may rewrite.', '64MB'),
});

const metric = z.union([
  line,
  z.strictObject({
    title: key(line, 'What the number means.', 'orders without a customer'),
    file: key(line.optional(), 'Its SQL; `metrics/<name>.sql` where absent.', 'metrics/orders.sql'),
  }),
]);

const gate = z
  .strictObject({
    id: key(slug, 'The name of the gate.', 'owners-ready'),
    title: key(line, 'What people have agreed to.', 'The owners are ready'),
    metric: key(metricName, 'The metric that is measured in production.', 'approvals'),
    ...bounds,
    before: key(tierId, 'The tier that waits until the gate is open.', '2-backfill'),
  })
  .refine(bounded, boundsAdvice);

const allows = z.strictObject({
  cascade: key(line.optional(), 'CASCADE.', 'the dropped view has no readers'),
  definer: key(
    line.optional(),
    'SECURITY DEFINER functions, rules, rights to write for PUBLIC, and triggers that wait for COMMIT.',
    'the function checks its caller',
  ),
  dispatch: key(
    line.optional(),
    'SQL that reaches out of the database: NOTIFY, dblink, foreign servers, COPY PROGRAM.',
    'a worker listens to NOTIFY',
  ),
  switchOff: key(
    line.optional(),
    'Triggers, rules or constraints that stay switched off.',
    'the trigger is replaced in the next release',
  ),
  notValid: key(
    line.optional(),
    'A NOT VALID constraint that a later release validates.',
    'validated by release orders-2',
  ),
  emptyUp: key(
    line.optional(),
    'An up.sql without a statement. The down.sql beside it may then be empty too.',
    'a tier only for its check',
  ),
});

/** The form of release.yaml: docs/reference/release-yaml.md is made from it. */
export const manifestSchema = z.strictObject({
  format: key(z.literal(1, 'expected 1, the only format'), 'The version of the format.', 1),
  name: key(slug, 'The name of the release.', 'orders-status'),
  title: key(line, 'One line for people.', 'Orders get a status'),
  summary: key(z.string().max(4000).default(''), 'Its purpose, in a few sentences.', 'Every order gets a status.'),
  database: key(line, 'The name of the database that the release is for.', 'shop'),
  touches: key(
    z
      .array(
        z
          .string()
          .regex(relationPattern, 'expected schema.table, quoted as in SQL where a name holds a dot or a space')
          .meta({ title: '`schema.table`' }),
      )
      .default([]),
    'The tables that the release changes. A part may end with `*`; quote a part with a dot or a space as in SQL. A rehearsal refuses a change of any other table.',
    ['public.orders', 'audit.*', '"my.app"."a b"'],
  ),
  varies: key(
    z
      .array(
        z
          .string()
          .regex(/^[^.\s]+\.[^.\s]+(\.[^.\s]+)?$/, 'expected schema.table.column, or schema.name of a view or sequence')
          .meta({ title: '`schema.table.column`, or `schema.name` of a view or sequence' }),
      )
      .default([]),
    'Values that may differ between two forward runs: of `now()`, random keys, or the definition of a view or sequence.',
    ['public.orders.changed_at'],
  ),
  expects: key(
    expects.optional(),
    'What others may change between rehearsal and rollout. [Rules](../FORMAT.md#expected-partitions).',
    {
      partitionsOf: ['app.events'],
    },
  ),
  requires: key(
    z.enum(['logical', 'strict']).default('logical'),
    'What a rollback must restore: `logical`, all that a client can see; `strict`, also physical facts such as the position of columns.',
    'logical',
  ),
  rerunnable: key(
    z.boolean().default(false),
    '`true`: the rehearsal runs each down.sql a second time, which must change nothing.',
    true,
  ),
  authors: key(
    z
      .array(
        z.strictObject({
          name: key(line, 'Who wrote the release.', 'release agent'),
          kind: key(z.enum(['agent', 'person']), 'A program or a person.', 'agent'),
          instructedBy: key(line.optional(), 'Who asked for it.', 'head of engineering'),
        }),
      )
      .default([]),
    'Who wrote the release.',
    [{ name: 'release agent', kind: 'agent', instructedBy: 'head of engineering' }],
  ),
  links: key(
    links.default([]),
    'Where approvers can read more: a change request, a ticket. The dossier and its page show each address in full.',
    [{ title: 'change request 4711', url: 'https://tickets.example.org/4711' }],
  ),
  settings: key(settings.prefault({}), 'The settings of the session that runs the SQL. They are sealed.', {
    lockTimeout: '2s',
    searchPath: ['app', 'public'],
  }),
  budgets: key(budgets.prefault({}), 'Limits that a rehearsal measures. A release that exceeds one does not pass.', {
    lock: '200ms',
    total: '10min',
    rewrite: '64MB',
  }),
  metrics: key(
    z.record(metricName, metric).default({}),
    'Named numbers. Each is one SELECT in `metrics/<name>.sql` that returns one number.',
    { orders: 'rows in orders', approvals: { title: 'rows in approvals', file: 'metrics/approvals.sql' } },
  ),
  invariants: key(
    z
      .strictObject({
        greenfield: key(expectations, 'What holds before the first tier.', { approvals: 0 }),
        finalized: key(expectations, 'What holds after the last tier.', { approvals: 1 }),
        always: key(expectations, 'What holds before and after each tier.', { orders: { atLeast: 1 } }),
      })
      .prefault({}),
    'What the metrics must be. A number means exactly this number.',
    { greenfield: { orders: { atLeast: 1 } }, always: { approvals: { atMost: 10 } } },
  ),
  tiers: key(
    z.array(tierForm).min(1, 'expected at least one tier'),
    'The parts of the release, in the order in which they run. `down.sql` runs in the opposite order.',
    [
      { id: '1-structure', title: 'New column and index', transaction: 'each' },
      { id: '2-backfill', title: 'Fill the column' },
    ],
  ),
  import: key(
    importedForm.optional(),
    'Tiers that are migrations of another tool, with the rows of its history. `oneroof import` writes it, and every reading of the release compares the tiers with it. [Import](../IMPORT.md).',
    {
      tool: 'dbmate',
      history: { schema: 'public', table: 'schema_migrations' },
      migrations: [
        { tier: '1-structure', file: 'migrations/20240102_structure.sql', digest: `sha256:${'0'.repeat(64)}` },
      ],
    },
  ),
  gates: key(z.array(gate).default([]), 'Conditions on production data. A tier waits until the metric has the value.', [
    { id: 'owners-ready', title: 'The owners are ready', metric: 'approvals', atLeast: 1, before: '2-backfill' },
  ]),
  options: key(
    z
      .array(
        z.strictObject({
          id: key(slug, 'The name of the option; its SQL, if any, is in `options/<id>/up.sql`.', '2-view'),
          title: key(line, 'What it would do.', 'A view instead of a column'),
          decision: key(z.enum(['chosen', 'declined', 'rejected']), 'What was decided.', 'declined'),
          reason: key(line, 'Why.', 'reports would be slow'),
        }),
      )
      .default([]),
    'Alternatives that were considered. One with SQL is tried on a clone.',
    [{ id: '2-view', title: 'A view instead of a column', decision: 'declined', reason: 'reports would be slow' }],
  ),
  allows: key(allows.prefault({}), 'Hazards that are otherwise refused. Give the reason; approvers read it.', {
    cascade: 'the dropped view has no readers',
  }),
  after: key(
    z
      .strictObject({
        rollout: key(after, 'After a rollout.', afterExample),
        rollback: key(after, 'After a rollback.', afterExample),
      })
      .prefault({}),
    'What people do outside of the database afterwards. The runbook shows it; nothing runs it.',
    { rollout: afterExample },
  ),
  next: key(
    z
      .array(
        z.strictObject({
          title: key(line, 'The work.', 'Show the status in the shop'),
          gated: key(z.boolean(), '`true`: it waits for this release. `false`: it can go on meanwhile.', true),
        }),
      )
      .default([]),
    'Work that follows. The report lists it.',
    [{ title: 'Show the status in the shop', gated: true }],
  ),
});

/** release.yaml, checked by itself: not yet against the other files. */
export type Manifest = z.output<typeof manifestSchema>;

/** What to do instead of a key that release.yaml does not have: a review that is part of a release would change the bytes that it reviews. */
export const otherwise = {
  reviews: 'remove it; a review is signed after the seal: oneroof review RELEASE --finding agrees --text-file FILE',
};
