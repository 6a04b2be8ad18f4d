import { OneRoofError } from '../core/index.ts';
import { describe, type Session, sql } from '../database/index.ts';
import { enterOwner, type Prepared, readMode, requireInstalled, requireRights, runGate } from './install.io.ts';
import { gateVersion } from './install.ts';
import { upgradeChecks, upgradeSql } from './upgrade.ts';

/** What an upgrade would do: from which version to which; null where the gate is of this program's version already. */
export interface Upgrade {
  readonly from: number;
  readonly to: number;
  readonly prepared: Prepared | null;
}

/**
 * Prepares the SQL that brings a gate to the version of this program, and changes nothing. What would refuse it refuses it here already.
 *
 * Errors  GATE_ABSENT, GATE_VERSION, GATE_RIGHTS, GATE_BUSY, GATE_TAMPERED.
 */
export async function planUpgrade(session: Session): Promise<Upgrade> {
  const from = await requireInstalled(session);
  if (from === gateVersion) return { from, to: gateVersion, prepared: null };
  const as = await readMode(session);
  const appOwner = await readIdentity(session, as);
  if (as === 'owner') {
    await requireRights(session, appOwner);
    await requireNoWalls(session);
  }
  await runGate(session, upgradeChecks(as), sql`rollback`);
  const text = upgradeSql({ serverVersion: session.serverVersion, appOwner, as, from });
  return { from, to: gateVersion, prepared: { as, text } };
}

async function readIdentity(session: Session, as: Prepared['as']): Promise<string> {
  const leave = as === 'owner' ? await enterOwner(session) : null;
  try {
    const [identity] = await session.query<{ owner: string }>(sql`select app_owner as owner from gate.identity`);
    return identity?.owner ?? '';
  } finally {
    await leave?.();
  }
}

/** The event triggers of a gate that a superuser installed are a superuser's. */
async function requireNoWalls(session: Session): Promise<void> {
  const [wall] = await session.query<{ name: string }>(
    sql`select evtname as name from pg_catalog.pg_event_trigger where evtname in ('oneroof_gate_ddl', 'oneroof_gate_drop')`,
  );
  if (wall === undefined) return;
  throw new OneRoofError('GATE_RIGHTS', {
    problem: `${describe(session.connection)}: a superuser installed this gate, and its event trigger ${wall.name} is theirs`,
    fix: 'upgrade it as a superuser: name one as `admin` of the target',
  });
}
