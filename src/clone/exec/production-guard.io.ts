import { randomBytes } from 'node:crypto';
import { OneRoofError, printable, stated, type Stated } from '../../core/index.ts';
import { type Connection, describe, openSession, type Session, sql } from '../../database/index.ts';
import { type Target } from '../../setup/index.ts';
import { type SourceIdentity } from '../clone.ts';
import { identifyDatabase } from '../origin.io.ts';

/** A target as it was read while a clone was checked. */
export interface CheckedTarget {
  readonly name: string;
  readonly identity: SourceIdentity;
}

/** What a clone is, and the targets that it is not. */
export interface Checked {
  readonly identity: SourceIdentity;
  readonly bytes: number;
  readonly targets: readonly CheckedTarget[];
}

/**
 * Makes sure that what a program answered with is no target, nor on the server of one, nor another clone of this command, before anything is
 * written there. A session of ours is open on each of them while the candidate is asked for its sessions: copies of production share its
 * numbers, but never its sessions. What cannot be told is refused.
 *
 * Stops   a program that answers with the address of production, by whatever name, or with one clone for two.
 * Errors  CLONE_IS_PRODUCTION, CLONE_NOT_VERIFIED, CLONE_PROGRAM_ANSWER; those of openSession for the clone.
 */
export async function checkCandidate(
  candidate: Connection,
  of: { readonly targets: readonly Target[]; readonly clones: readonly Connection[] },
): Promise<Checked> {
  for (const target of of.targets)
    if (addressesOf(target).some((one) => isSameServer(one, candidate))) throw isProduction(candidate, target.name);
  if (of.clones.some((one) => isSameServer(one, candidate) && one.database === candidate.database))
    throw isOther(candidate);
  const present: Present[] = [];
  try {
    for (const target of of.targets) present.push(await presentOn(target));
    if (present.length === 0)
      throw notVerified(stated`oneroof.yaml names no target`, 'name production under "targets:" of oneroof.yaml');
    for (const one of of.clones) {
      const clone = await presence(one).catch(unlessGone);
      if (clone !== null) present.push(clone);
    }
    const session = await openSession(candidate, { applicationName: 'oneroof check', settings: reading });
    try {
      const seen = await seenFrom(session, present);
      for (const { target, nonce, session: own } of present) {
        const where = seen.get(nonce);
        if (where !== undefined && target !== null) throw isProduction(candidate, target);
        if (where === 'this database') throw isOther(own.connection);
      }
      const { identity, bytes } = await identifyDatabase(session);
      const targets: CheckedTarget[] = [];
      for (const one of present) {
        if (one.target === null) continue;
        const { identity: of } = await identifyDatabase(one.session);
        if (one.isStandby) refuseUnlessOther({ target: one.target, of, identity });
        targets.push({ name: one.target, identity: of });
      }
      return { identity, bytes, targets };
    } finally {
      await session.close();
    }
  } finally {
    for (const { session } of present) await session.close().catch(() => undefined);
  }
}

/** Whether targets can be told from clones: doctor asks before there is one. */
export async function findBlindTargets(targets: readonly Target[]): Promise<void> {
  for (const target of targets) await (await presentOn(target)).session.close();
}

const reading = { default_transaction_read_only: 'on' };

/** A session of ours, and how others see it. */
interface Present {
  readonly target: string | null;
  readonly nonce: string;
  readonly session: Session;
  readonly isStandby: boolean;
}

/** On the primary, as far as an address of it is known: a session on a standby is not seen there. */
async function presentOn(target: Target): Promise<Present> {
  const onObserver = await presence(target.observer).catch((cause: unknown) => {
    throw notVerified(
      stated`target ${{ target: target.name }} cannot be asked: ${{ said: cause instanceof Error ? printable(cause.message) : 'no answer' }}`,
      `correct its address, or start it: a clone is used only while every target can be told from it. \`oneroof doctor\` says more`,
    );
  });
  if (!onObserver.isStandby) return { ...onObserver, target: target.name };
  for (const other of [() => target.executor, () => target.relay, () => target.admin]) {
    const primary = await onPrimary(other);
    if (primary === null) continue;
    await onObserver.session.close();
    return { ...primary, target: target.name };
  }
  return { ...onObserver, target: target.name };
}

/** Null where there is no such address, it cannot be used from here, or it is that of a standby too. */
async function onPrimary(address: () => Connection | null): Promise<Present | null> {
  try {
    const connection = address();
    const found = connection === null ? null : await presence(connection);
    if (found?.isStandby !== true) return found;
    await found.session.close();
    return null;
  } catch (error) {
    if (error instanceof OneRoofError) return null;
    throw error;
  }
}

async function presence(connection: Connection): Promise<Present> {
  const nonce = `oneroof-check ${randomBytes(12).toString('hex')}`;
  const session = await openSession(connection, { applicationName: nonce, settings: reading });
  try {
    // within a transaction a pooler keeps the server's session for us
    await session.query(sql`begin read only`);
    const [row] = await session.query<{ standby: string; seen: string }>(sql`
      select pg_catalog.pg_is_in_recovery()::text as standby,
        exists (select from pg_catalog.pg_stat_activity where pg_catalog.starts_with(application_name, ${nonce}))::text as seen`);
    if (row?.seen !== 'true')
      throw notVerified(
        stated`${{ connection: describe(connection) }} does not show our session by its name, so a clone cannot be told from it`,
        'give the address of the server itself, not that of a pooler',
      );
    return { target: null, nonce, session, isStandby: row.standby === 'true' };
  } catch (error) {
    await session.close().catch(() => undefined);
    throw error;
  }
}

type Seen = 'this database' | 'this server';

/** Which of our sessions a candidate shows. Every role is shown their names and databases. */
async function seenFrom(session: Session, present: readonly Present[]): Promise<ReadonlyMap<string, Seen>> {
  const rows = await session.query<{ nonce: string; where: Seen }>(sql`
    select n as nonce, case when pg_catalog.bool_or(a.datname = pg_catalog.current_database()) then 'this database' else 'this server' end as where
    from pg_catalog.unnest(${present.map(({ nonce }) => nonce)}::text[]) n
    join pg_catalog.pg_stat_activity a on pg_catalog.starts_with(a.application_name, n) group by n`);
  return new Map(rows.map(({ nonce, where }) => [nonce, where]));
}

/** The primary of a standby that alone was asked may be the candidate: only another system identifier tells that it is not. */
function refuseUnlessOther(of: {
  readonly target: string;
  readonly of: SourceIdentity;
  readonly identity: SourceIdentity;
}): void {
  const [one, other] = [of.of.systemIdentifier, of.identity.systemIdentifier];
  if (one !== '' && other !== '' && one !== other) return;
  throw notVerified(
    stated`the addresses of target ${{ target: of.target }} lead to a standby, so a clone cannot be told from its primary`,
    `give target ${of.target} an address of the primary in oneroof.yaml: executor, relay or admin`,
  );
}

function addressesOf(target: Target): readonly Connection[] {
  return [() => target.observer, () => target.executor, () => target.relay, () => target.admin].flatMap((address) => {
    try {
      return address() ?? [];
    } catch (error) {
      // an address that cannot be used from here is none to compare with; the observer's is needed below
      if (error instanceof OneRoofError) return [];
      throw error;
    }
  });
}

function isSameServer(one: Connection, other: Connection): boolean {
  return one.host.toLowerCase() === other.host.toLowerCase() && one.port === other.port;
}

/** Whoever is gone is nobody else. */
function unlessGone(error: unknown): null {
  if (error instanceof OneRoofError && error.code.startsWith('CONNECT')) return null;
  throw error;
}

function isProduction(candidate: Connection, target: string): OneRoofError {
  return new OneRoofError('CLONE_IS_PRODUCTION', {
    ...stated`the program answered with ${{ connection: printable(describe(candidate)) }}, which is on the server of target ${{ target }}; nothing was written there`,
    fix: 'correct the program: it must answer with the address of the clone that it made. Then run `oneroof clone gc`',
  });
}

function isOther(candidate: Connection): OneRoofError {
  return new OneRoofError('CLONE_PROGRAM_ANSWER', {
    ...stated`the program answered two requests with one clone, ${{ connection: printable(describe(candidate)) }}`,
    fix: 'correct the program: another "request" asks for another clone',
  });
}

function notVerified(what: Stated, fix: string): OneRoofError {
  return new OneRoofError('CLONE_NOT_VERIFIED', { ...what, fix });
}
