import { existsSync } from 'node:fs';
import { estimateGolden, findCloneProblems, type GoldenEstimate } from '../clone/index.ts';
import {
  findBehind,
  findGuarded,
  findInvalidIndexes,
  findUnseen,
  type Guarded,
  openObserver,
  type Unseen,
} from '../database/index.ts';
import {
  type Clocks,
  findGrants,
  findNeeds,
  findShut,
  type Lacking,
  type Needs,
  readClocks,
  requireClocks,
} from '../gate/index.ts';
import { findHistoryWriters, type HistoryWriter } from '../import/index.ts';
import { readPolicy } from '../people/index.ts';
import { type Release } from '../release/index.ts';
import { type CloneSetup, type Setup, type Target, targetOf } from '../setup/index.ts';
import { check, type DoctorCheck, fine, serverSays } from './doctor-check.ts';
import { loginChecks, loopbackCheck } from './doctor-logins.io.ts';

/** Checks one target: the rights of its roles, its clock, its gate, and a release if one is named. */
export async function checkTarget(
  setup: Setup,
  { name, release }: { readonly name: string; readonly release: Release | null },
): Promise<DoctorCheck[]> {
  const title = `target ${name}`;
  let gate: readonly string[] | null = null;
  let needs: Needs | null = null;
  let clocks: Clocks | null = null;
  let unseen: readonly Unseen[] = [];
  let guarded: Guarded | null = null;
  let shut: readonly Lacking[] = [];
  let writers: readonly HistoryWriter[] = [];
  let faults: readonly Lacking[] = [];
  const wants: DoctorCheck = {
    name: title,
    outcome: 'problem',
    text: 'the observer needs a role that cannot write',
    code: 'OBSERVER_CAN_WRITE',
    facts: { target: name },
    fix: grants,
  };
  const look = async (): Promise<string> => {
    const observer = await openObserver(targetOf(setup, name).observer, { applicationName: 'oneroof doctor' });
    const version = Math.floor(observer.serverVersion / 10_000);
    clocks = await observer.snapshot(readClocks);
    gate = await observer.snapshot(findGrants);
    unseen = await observer.snapshot(findUnseen);
    guarded = await observer.snapshot(findGuarded);
    writers = await observer.snapshot(findHistoryWriters);
    faults = [
      ...(await observer.snapshot(findInvalidIndexes)),
      ...(await observer.snapshot((reading) => findBehind(reading, null))),
    ];
    if (gate !== null) shut = await observer.snapshot((reading) => findShut(reading, null));
    if (release !== null) needs = await observer.snapshot((reading) => findNeeds(reading, release));
    await observer.close();
    return `PostgreSQL ${version}, ${observer.role} cannot write${observer.standby ? ' (a standby)' : ''}`;
  };
  const found = await check(title, look, (code) => (code === 'OBSERVER_CAN_WRITE' ? [wants] : []));
  const isRead = clocks !== null;
  const logins =
    isRead && gate === null ? [] : await loginChecks(targetOf(setup, name), isRead ? 'there' : 'not known');
  return [
    ...found,
    ...unseenCheck(name, guarded === null ? unseen : [...unseen, guarded]),
    ...(await clockCheck(name, clocks)),
    ...originCheck(setup, targetOf(setup, name)),
    ...gateCheck(name, gate),
    ...shut.map(serverSays({ target: name, name: `gate of ${name}`, code: 'gate-shut', outcome: 'problem' })),
    ...faults.map(
      serverSays({ target: name, name: `database of ${name}`, code: 'database-fault', outcome: 'warning' }),
    ),
    ...writers.map(
      serverSays({ target: name, name: `migrations on ${name}`, code: 'history-writer', outcome: 'warning' }),
    ),
    ...logins,
    // an executor that cannot work is told above
    ...(logins.some((one) => one.outcome === 'ok' && one.name === `executor of ${name}`)
      ? await loopbackCheck(targetOf(setup, name), release)
      : []),
    ...needsCheck(name, needs),
  ];
}

/** What the observer cannot read, now or once its owner makes it: metrics, fingerprints and drift would be blind to it. */
function unseenCheck(name: string, unseen: readonly Unseen[]): DoctorCheck[] {
  return unseen.map(
    serverSays({ target: name, name: `observer of ${name}`, code: 'observer-blind', outcome: 'problem' }),
  );
}

/** Whether the clocks agree, where the target's was read. */
async function clockCheck(name: string, clocks: Clocks | null): Promise<readonly DoctorCheck[]> {
  if (clocks === null) return [];
  return check(`clock of ${name}`, async () => {
    requireClocks(clocks, name);
    return 'agrees with the clock of this machine';
  }).then((found) =>
    found.map((one) => (one.outcome === 'ok' ? one : { ...one, text: `${one.text} [CLOCK_DIFFERS]` })),
  );
}

/** What the role of a rollout lacks for a release. */
function needsCheck(name: string, needs: Needs | null): DoctorCheck[] {
  if (needs === null) return [];
  const title = `release on ${name}`;
  if (needs.lacking.length === 0)
    return [
      {
        name: title,
        outcome: 'ok',
        text: `${needs.role} has the rights that it needs`,
        ...fine,
        facts: { target: name, role: needs.role },
      },
    ];
  const says = serverSays({ target: name, name: title, code: 'role-lacks-right', outcome: 'problem' });
  return needs.lacking.map(({ text, fix }) => ({
    ...says({ text, fix: fix.endsWith(';') ? `run as a superuser or the owner: ${fix}` : fix }),
    facts: { target: name, role: needs.role, said: text },
  }));
}

/** Whether people can sign for a target of another machine on a page of this one alone: passkeys are for one origin, and stay for it. */
function originCheck({ policyFile }: Setup, target: Target): DoctorCheck[] {
  const origin = originIn(policyFile);
  const host = hostOf(target);
  if (origin === null || host === null || new URL(origin).hostname !== 'localhost') return [];
  return [
    {
      name: `policy for ${target.name}`,
      outcome: 'warning',
      code: 'origin-local',
      facts: { target: target.name, origin, host, policyFile },
      text: `the policy has its page at ${origin}, on this machine alone, and the target is at ${host}: passkeys that are made now work on no other page`,
      fix: `before anyone enrols, name the address of the site in ${policyFile}: origin: https://gate.example.org and rpId: gate.example.org (oneroof policy init --origin writes one)`,
    },
  ];
}

/** The host of a target that is not on this machine; null: it is, or no one can say. */
function hostOf(target: Target): string | null {
  try {
    const { host } = target.observer;
    return host.startsWith('/') || ['localhost', '127.0.0.1', '::1'].includes(host) ? null : host;
  } catch {
    // the check of the target says so
    return null;
  }
}

function originIn(policyFile: string): string | null {
  try {
    return existsSync(policyFile) ? readPolicy(policyFile).origin : null;
  } catch {
    // oneroof policy check says what is wrong with it
    return null;
  }
}

/** The rights of the gate's roles, where there is a gate. */
function gateCheck(name: string, fixes: readonly string[] | null): DoctorCheck[] {
  if (fixes === null) return [];
  const title = `gate of ${name}`;
  if (fixes.length === 0)
    return [
      {
        name: title,
        outcome: 'ok',
        text: 'its roles have exactly the rights that they need',
        ...fine,
        facts: { target: name },
      },
    ];
  const text = 'its roles lack rights, or have more rights than they need';
  const says = serverSays({ target: name, name: title, code: 'gate-rights', outcome: 'problem' });
  return [
    {
      ...says({ text, fix: ['run as its owner:', ...fixes].join('\n') }),
      facts: { target: name, statements: [...fixes] },
    },
  ];
}

const grants =
  'oneroof grants --schema public > observer.sql; a superuser, or the owner of the database, reads and runs it';

/** Whether clones can be made as oneroof.yaml says. */
export async function checkClones({ clone, targets }: Setup): Promise<readonly DoctorCheck[]> {
  const name = 'clones';
  if (clone === null)
    return [
      {
        name,
        outcome: 'problem',
        text: 'oneroof.yaml has no place for clones, so rehearsals are not possible',
        code: 'no-clones',
        facts: {},
        fix: 'fill in `clone:` in oneroof.yaml',
      },
    ];
  const problems: DoctorCheck[] = [];
  const read = await check(name, async () => {
    for (const { text, fix } of await findCloneProblems(clone, Object.values(targets)))
      problems.push({
        name,
        outcome: 'problem',
        text,
        code: 'clone-source',
        facts: { said: text },
        by: 'administrator',
        fix,
      });
    return `provider ${clone.provider}`;
  });
  if (problems.length > 0 || read.some(({ outcome }) => outcome === 'problem'))
    return [...problems, ...read.filter(({ outcome }) => outcome === 'problem')];
  return [...read, ...(await checkGolden(clone))];
}

/** Whether a golden copy could be taken now, what it would cost, and what may surprise later; nothing where the provider alone knows. */
async function checkGolden(clone: CloneSetup): Promise<readonly DoctorCheck[]> {
  const name = 'golden copy';
  let estimate: GoldenEstimate | null = null;
  const read = await check(name, async () => {
    estimate = await estimateGolden(clone);
    return (estimate as GoldenEstimate | null)?.text ?? '';
  });
  const found = estimate as GoldenEstimate | null;
  const risks = (found?.risks ?? []).map(
    ({ text, fix }): DoctorCheck => ({
      name,
      outcome: 'warning',
      text,
      code: 'golden-risk',
      facts: { said: text },
      fix,
    }),
  );
  return found === null ? read.filter(({ outcome }) => outcome === 'problem') : [...read, ...risks];
}
