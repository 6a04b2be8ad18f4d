import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { formatDuration } from '../../core/index.ts';
import {
  explainSeat,
  type Policy,
  policyDigest,
  policyDocument,
  readPolicy,
  readPolicyAndRegistry,
  type Seat,
} from '../../people/index.ts';
import { readSetup } from '../../setup/index.ts';
import { type CommandRun } from '../verb.ts';

/** Checks the policy by itself, and against the registry where there is one. */
export const run: CommandRun = async ({ folder, arguments: [named] }) => {
  const setup = await readSetup(folder);
  const file = named === undefined ? setup.policyFile : resolve(folder, named);
  const hasRegistry = existsSync(setup.registryFile);
  const policy = hasRegistry
    ? readPolicyAndRegistry({ policy: file, registry: setup.registryFile }).policy
    : readPolicy(file);
  const registry = hasRegistry ? setup.registryFile : null;
  const digest = policyDigest(policy);
  return {
    exit: 0,
    schema: 'oneroof/policy/1',
    data: { file, registry, digest, document: policyDocument(policy), policy },
    text: [
      `policy ${policy.name}: ${digest}`,
      ...describe(policy),
      registry === null
        ? `not compared with a registry: ${setup.registryFile} does not exist yet`
        : `the registry can fill every seat and the quorum: ${registry}`,
    ].join('\n'),
  };
};

function describe(policy: Policy): readonly string[] {
  const { window, rehearsal, authenticators } = policy;
  return [
    ...(policy.production ? [] : ['not for production']),
    `page      ${policy.origin}, passkeys for ${policy.rpId}`,
    `seats     ${seatList(policy.seats)}`,
    ...(policy.oneWaySeats.length === 0 ? [] : [`one-way   further ${seatList(policy.oneWaySeats)}`]),
    ...policy.holdPoints.map(({ before, seats }) => `hold      before ${before}: ${seatList(seats)}`),
    `quorum    ${seatList(policy.quorum)}`,
    `window    valid for at most ${formatDuration(window.longest)}, signed at least ${formatDuration(window.review)} after the database received the release, rollback open ${formatDuration(window.rollback)} longer`,
    `rehearsal at most ${formatDuration(rehearsal.maxAge)} old${rehearsal.sampled === undefined ? '' : ', on a sample too'}`,
    `keys      ${authenticators.aaguids === null ? 'of every model' : `of ${authenticators.aaguids.length} models`}, attestation ${attested(policy)}`,
  ];
}

function attested({ authenticators: { attestation, roots } }: Policy): string {
  if (attestation === 'none') return attestation;
  return roots === undefined
    ? 'required, but no roots are named: no one can be enrolled'
    : `required, checked against ${roots.length} ${roots.length === 1 ? 'root' : 'roots'}`;
}

function seatList(seats: readonly Seat[]): string {
  return seats.map(explainSeat).join('; ');
}
