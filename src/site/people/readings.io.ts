import { existsSync } from 'node:fs';
import { OneRoofError, keep } from '../../core/index.ts';
import { type Connection, openSession, sql } from '../../database/index.ts';
import { readChanges, readEndings } from '../../gate/index.ts';
import { readPolicy, readRegistry } from '../../people/index.ts';
import { type Setup, type Target } from '../../setup/index.ts';
import { readInForce } from '../../signing/index.ts';
import { type Files, type PeopleReading } from './bases.ts';

/** A page that many people reload costs production no more than one reading in this time, which is shorter than a page waits before it reads itself again. Milliseconds. */
const lifetime = 1000;

/** Reads registry and policy of targets. */
export interface Readings {
  /** Every target; one that cannot be asked is part of the answer. */
  all(): Promise<readonly PeopleReading[]>;
  /** What was asked before is asked again: something was changed. */
  forget(): void;
}

/** Opens them. */
export function openReadings(setup: Setup): Readings {
  const readings = keep<readonly PeopleReading[]>({ lifetime });
  return {
    all: () => readings.of('', () => Promise.all(Object.values(setup.targets).map(readTarget))),
    forget: () => readings.forget(),
  };
}

/**
 * The policy and the registry of the files.
 *
 * Errors  those of readPolicy and readRegistry, but for a file that is not there.
 */
export function readPeopleFiles({ policyFile, registryFile }: Setup): Files {
  return {
    policy: existsSync(policyFile) ? readPolicy(policyFile) : null,
    registry: existsSync(registryFile) ? readRegistry(registryFile) : null,
  };
}

async function readTarget(target: Target): Promise<PeopleReading> {
  try {
    const { relay } = target;
    return await ask(target.name, relay ?? target.observer, relay === null ? 'observer' : 'relay');
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const why = error instanceof OneRoofError ? error.problems[0].problem : error.message;
    return { target: target.name, state: 'unknown', why };
  }
}

async function ask(target: string, connection: Connection, as: 'relay' | 'observer'): Promise<PeopleReading> {
  const session = await openSession(connection, { applicationName: 'oneroof people' });
  try {
    const [found] = await session.query<{ there: string | null }>(sql`select to_regnamespace('gate')::text as there`);
    if (found?.there == null) return { target, state: 'no gate' };
    const { policy, registry } = await readInForce(session);
    // only the relay may read from the gate what is being signed
    const changes = as === 'relay' ? await readChanges(session) : null;
    const endings = as === 'relay' ? await readEndings(session) : null;
    return { target, state: 'in force', policy, registry, changes, endings };
  } finally {
    await session.close();
  }
}
