import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../core/index.ts';
import { type SshKey } from '../evidence/index.ts';
import { readPolicyAndRegistry, type Registry, registryDocument, rights } from '../people/index.ts';
import { draftRegistry, notForProduction } from '../signing/index.ts';
import { makeDemoAuthenticator } from './demo-authenticator.io.ts';
import { freePort, writePolicy } from './demo-folder.io.ts';
import { type DemoPlan, type Enrolled, type People } from './demo-commands.ts';
import { type Narration } from './narration.ts';

/** An agent of the demo: its key is enrolled as software, and fills no seat. */
export interface Agent {
  readonly id: string;
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

/** Makes an agent with a key of its own. */
export function makeAgent(id: string): Agent {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const framed = [Buffer.from('ssh-ed25519'), raw].flatMap((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return [length, part];
  });
  return { id, publicKey: `ssh-ed25519 ${Buffer.concat(framed).toString('base64')}`, privateKey };
}

/** Two people where no one is asked: the levels that the example's gate names. */
const played = [
  { id: 'ana', name: 'Ana', level: 4 },
  { id: 'ben', name: 'Ben', level: 2 },
] as const;

/**
 * Writes the policy and enrols who may ratify: the person at this terminal, on the page; or two people who are played by keys of
 * software.
 *
 * Errors  those of `oneroof enrol`.
 */
export async function enrolPeople(
  plan: DemoPlan,
  narration: Narration,
  software: { readonly agent: Agent; readonly reviewer: Agent; readonly machine: SshKey },
): Promise<People> {
  const { agent, reviewer, machine } = software;
  const page = plan.ratify === 'page';
  const port = await freePort();
  const seats = page ? '[{ level: 4 }]' : '[{ level: 2 }, { level: 4, device: bound }]';
  const policyFile = writePolicy(plan.folder, { port, seats });
  narration.tell({
    name: 'policy',
    text: `${notForProduction}: its page is at http://localhost:${port}, on this machine`,
  });
  const registryFile = join(plan.folder, 'registry.json');
  const persons = page ? await enrolOnPage(plan, narration) : enrolPlayed(registryFile);
  const { policy, registry } = readPolicyAndRegistry({ policy: policyFile, registry: registryFile });
  const whole: Registry = {
    ...registry,
    software: [
      // the key that signs evidence in the demo's folder; the agent's own may do less: nothing that people are asked rests on it
      { id: 'machine', key: machine, may: rights },
      { id: agent.id, key: agent.publicKey, may: ['look'] },
      { id: reviewer.id, key: reviewer.publicKey, may: ['review'] },
    ],
  };
  writeFileSync(registryFile, registryDocument(whole));
  for (const { name, level, keys } of whole.persons) {
    const what = page ? `a passkey (${keys[0]?.device ?? 'none'})` : `a key of software, ${notForProduction}`;
    narration.tell({ name: 'enrolled', text: `${name}, level ${level}, with ${what}` });
  }
  narration.tell({
    name: 'enrolled',
    text: `machine, ${agent.id} and ${reviewer.id}, software: they sign, and fill no seat`,
  });
  return { policy, registry: whole, persons };
}

async function enrolOnPage(plan: DemoPlan, narration: Narration): Promise<readonly Enrolled[]> {
  narration.tell({
    name: 'your turn',
    text: 'make a passkey on this page, in a browser on this machine (no browser? Ctrl-C, then use --auto)',
  });
  await plan.command({
    command: 'enrol',
    options: { person: 'guest', name: 'Guest', level: '4' },
    say: (line) => narration.tell({ name: '', text: line }),
  });
  return [{ id: 'guest', authenticator: null }];
}

function enrolPlayed(file: string): readonly Enrolled[] {
  const made = played.map((person) => ({ ...person, authenticator: makeDemoAuthenticator() }));
  const persons = made.flatMap(
    ({ authenticator, ...person }) => draftRegistry(null, person, authenticator.key).persons,
  );
  const registry: Registry = { format: 1, version: 1, previous: null, persons, software: [] };
  writeFileSync(file, `${canonicalJson(registry)}`);
  return made.map(({ id, authenticator }) => ({ id, authenticator }));
}
