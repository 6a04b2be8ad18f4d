import { z } from 'zod';
import { type Formed, type Problem, printable, stated } from '../../core/index.ts';
import { type Network, notificationForm } from '../../database/index.ts';

/** A function that was called. */
const calledForm = z.object({
  function: z.string(),
  language: z.string(),
  /** Null where it belongs to none. */
  extension: z.string().nullable(),
  calls: z.number(),
});
export type CalledFunction = Formed<typeof calledForm>;

/** What one step called, touched and loaded that can reach outside of the database. */
export const outwardForm = z.object({
  /**
   * Functions in C or an untrusted language whose calls ended well; what is built in or inlined is not counted by the server. Null where
   * the server does not count calls.
   */
  called: z.array(calledForm).nullable(),
  /** Foreign tables that were locked, so used or changed. */
  foreign: z.array(z.object({ relation: z.string(), server: z.string() })),
  /** Libraries that were loaded, by file name; null where the server does not tell (before 18). */
  modules: z.array(z.string()).nullable(),
});
export type Outward = Formed<typeof outwardForm>;

/** What NOTIFY sent. The text of what was heard is hostile, and shortened. */
const notificationsForm = z.object({
  /** By the server's own count of pages, whatever the channel. A server that others work on, or one before 15, cannot tell. */
  sent: z.enum(['none', 'some', 'not measured']),
  /** The first of those on channels that could be known beforehand. */
  heard: z.array(notificationForm),
  heardCount: z.number(),
});
export type Notifications = Formed<typeof notificationsForm>;

/** What a rehearsal sent out of the database, or tried to. */
export const dispatchForm = outwardForm.extend({
  /** The reason under `allows.dispatch`; null where dispatch is not declared. */
  declared: z.string().nullable(),
  /** What the clone's server reaches: `none` means that nothing could arrive anywhere. */
  network: z.enum(['none', 'host']),
  notifications: notificationsForm,
});
export type Dispatch = Formed<typeof dispatchForm>;

/** Extensions and libraries whose purpose is to act elsewhere or later. */
const reaching =
  /^(dblink|http|pgsql-http|pg_?net|pg_cron|pg_background|pg_?curl|plproxy|plsh|plr|pljava|plv8u|pl(perl|tcl)u|plpython[23]?u?|adminpack|file_fdw|multicorn|wrappers|\w+_fdw|fdw_\w+|aws_\w+|azure_\w+|google_\w+|gcp_\w+|redis\w*|amqp|pg_amqp|pg_kafka|pgmemcache|pg_task|pg_partman_bgw|pg_timetable|pgagent|orafce_mail|pg_dbms_job)$/;

/** Says in words what of a step reached outside. */
export function reachedOut(outward: Outward, kind: string): readonly string[] {
  const called = (outward.called ?? [])
    .filter(({ function: name, language, extension }) =>
      extension === null
        ? !(language === 'c' && name.startsWith('pg_catalog.'))
        : reaching.test(extension) || language !== 'c',
    )
    .map(({ function: name, extension, calls }) => {
      const from = extension === null ? '' : ` of the extension ${printable(extension)}`;
      return `${printable(name)}()${from} was called${calls === 1 ? '' : ` ${calls} times`}`;
    });
  const foreign = outward.foreign.map(
    ({ relation, server }) => `the foreign table ${printable(relation)} of the server ${printable(server)} was used`,
  );
  // making an extension loads its library to look for its functions, and calls none of them
  const loaded = (kind === 'CreateExtensionStmt' ? [] : (outward.modules ?? []))
    .filter((file) => reaching.test(libraryOf(file)))
    .map((file) => `the library ${printable(libraryOf(file))} was loaded`);
  // a call says more than the library that it loaded
  return [...new Set([...called, ...foreign, ...(called.length + foreign.length > 0 ? [] : loaded)])];
}

function libraryOf(file: string): string {
  return (file.split('/').at(-1) ?? '').replace(/\.(so|dylib|dll)$/, '');
}

/** A problem of a tier that reached outside without saying so. */
export function undeclaredDispatch(where: string, what: string): Problem {
  return {
    code: 'DISPATCH_UNDECLARED',
    ...stated`${{ moment: where }}: ${{ why: what }}`,
    fix: 'remove it, or say why under `allows: {dispatch: …}` in release.yaml',
  };
}

/** What was sent by NOTIFY, in words; null where nothing is known to have been sent. */
export function explainNotifications({ sent, heard, heardCount }: Notifications): string | null {
  if (sent !== 'some') return null;
  const [first] = heard;
  if (first === undefined) return 'NOTIFY sent something, on a channel that is unknown beforehand';
  const many = heardCount > 1 ? `${heardCount} notifications, the first ` : '';
  return `NOTIFY sent ${many}on the channel ${printable(first.channel)}`;
}

/**
 * Channels that a text names as a constant, to listen on. No rule hangs on this: what it misses is still counted by the server,
 * only without its payload.
 */
export function channelsIn(texts: readonly string[]): readonly string[] {
  const found = texts.flatMap((text) =>
    [...text.matchAll(/\bpg_notify\s*\(\s*'((?:[^']|'')+)'|\bnotify\s+(?:"((?:[^"]|"")+)"|([a-z_][\w$]*))/gi)].map(
      ([, constant, quoted, bare]) =>
        constant?.replaceAll("''", "'") ?? quoted?.replaceAll('""', '"') ?? bare?.toLowerCase() ?? '',
    ),
  );
  // a longer name cannot be a channel
  return [...new Set(found)].filter((name) => name !== '' && Buffer.byteLength(name) < 64).slice(0, 500);
}

/** All that the tiers of a rehearsal sent out, as one record. */
export function dispatchOf(
  facts: { readonly declared: string | null; readonly network: Network },
  seen: { readonly steps: readonly { readonly outward: Outward }[]; readonly notifications: readonly Notifications[] },
): Dispatch {
  const outward = seen.steps.map((step) => step.outward);
  const sent = seen.notifications.map((one) => one.sent);
  const heard = seen.notifications.flatMap((one) => one.heard);
  const calls = new Map<string, CalledFunction>();
  for (const one of outward.flatMap(({ called }) => called ?? []))
    calls.set(one.function, { ...one, calls: one.calls + (calls.get(one.function)?.calls ?? 0) });
  const foreign = new Map(outward.flatMap((one) => one.foreign).map((one) => [one.relation, one]));
  const modules = outward.map((one) => one.modules);
  return {
    ...facts,
    notifications: {
      sent: sent.includes('some')
        ? 'some'
        : sent.includes('not measured') || sent.length === 0
          ? 'not measured'
          : 'none',
      heard: heard.slice(0, kept),
      heardCount: seen.notifications.reduce((sum, one) => sum + one.heardCount, 0),
    },
    called: outward.some(({ called }) => called === null) ? null : [...calls.values()],
    foreign: [...foreign.values()],
    modules: modules.includes(null) ? null : [...new Set(modules.flatMap((one) => one ?? []))].toSorted(),
  };
}

/** How many notifications the record keeps, and how many characters of a payload. */
export const kept = 20;
export const payloadCharacters = 200;
