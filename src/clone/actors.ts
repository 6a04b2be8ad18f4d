import { type Golden } from './clone.ts';

/** What in a database could act by itself, or reach another server; by name. */
export interface Actors {
  readonly subscriptions: readonly string[];
  /** Prepared transactions. */
  readonly prepared: readonly string[];
  /** Active jobs of pg_cron. */
  readonly jobs: readonly string[];
  readonly publications: readonly string[];
  /** Enabled ones. */
  readonly eventTriggers: readonly string[];
  readonly foreignServers: readonly string[];
  readonly userMappings: readonly string[];
}

/** So many of one kind are named. */
const most = 20;

/**
 * Says of everything that could act by itself what became of it in a copy, one line each. Objects of the schema stay as they are: a release is
 * rehearsed against them. A copy on a private server reaches nothing from there, where the system allows that.
 */
export function explainActors(actors: Actors, provider: Golden['provider']): readonly string[] {
  const isPrivate = provider !== 'template' && provider !== 'exec';
  const reach = isPrivate
    ? 'as in production; the server of the copy has no network, where the system allows that'
    : 'as in production, so a clone can reach it';
  const fates: readonly (readonly [names: readonly string[], kind: string, fate: string])[] = [
    [
      actors.subscriptions,
      'subscription',
      provider === 'template' ? 'not copied' : 'removed, the publisher is not asked',
    ],
    [actors.prepared, 'prepared transaction', isPrivate || provider === 'exec' ? 'rolled back' : 'not copied'],
    [
      actors.jobs,
      'job of pg_cron',
      provider === 'exec'
        ? 'switched off'
        : isPrivate
          ? 'does not run: the server of the copy does not load pg_cron'
          : 'does not run: pg_cron works in one database of the server, and the copy is another',
    ],
    [actors.publications, 'publication', 'as in production; nothing subscribes to a copy'],
    [actors.eventTriggers, 'event trigger', 'as in production, because it is part of what a release meets'],
    [actors.foreignServers, 'foreign server', reach],
    [actors.userMappings, 'user mapping', 'as in production, with its password'],
  ];
  return fates.flatMap(([names, kind, fate]) => [
    ...names.slice(0, most).map((name) => `${kind} ${name}: ${fate}`),
    ...(names.length > most ? [`${names.length - most} more of kind ${kind}: ${fate}`] : []),
  ]);
}
