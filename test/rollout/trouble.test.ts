import { afterAll, beforeAll, expect, it } from 'vitest';
import { OneRoofError } from '../../src/core/index.ts';
import { type Server, sql, startTemporaryServer } from '../../src/database/index.ts';
import { execute, type RolloutRun } from '../../src/rollout/index.ts';
import { newest } from '../database.io.ts';
import { type RolloutFixture, withRolloutFixture } from './fixture.io.ts';
import { binariesOf, type Version } from '../binaries.io.ts';

/** Servers of their own: a role is dropped here, and all databases of a server share them. */
const servers = new Map<string, Server>();
beforeAll(async () => {
  for (const version of newest) servers.set(version, await startTemporaryServer({ binaries: binariesOf(version) }));
}, 60_000);
afterAll(async () => {
  for (const server of servers.values()) await server.stop();
});

function withOwnGround(version: Version, use: (ground: RolloutFixture) => Promise<void>): Promise<void> {
  const server = servers.get(version);
  if (server === undefined) throw new Error(`no server of ${version}`);
  return withRolloutFixture(version, use, { owned: { server: server.connection('postgres'), installer: null } });
}

/** Rolls out; `after` is called once the first tier is committed. */
async function rollOut(
  ground: RolloutFixture,
  statement: RolloutRun['statement'],
  after: () => Promise<unknown> = async () => null,
) {
  const applied: string[] = [];
  const result: unknown = await execute({
    sealed: ground.sealed,
    statement,
    direction: 'up',
    through: null,
    target: { name: 'test', executor: ground.connection },
    record: async ({ tier, phase }) => {
      if (phase === 'applied') applied.push(tier);
      if (tier === '1-first' && phase === 'applied') await after();
    },
  }).catch((error: unknown) => error);
  return { result, applied };
}

const enter = 'execute on function gate.enter_tier(text, text, text, bigint)';
/** All rights of a role in a database as SQL, so that it can be dropped and made again. */
const rightsOfExecutor = sql`
  select format('grant execute on function %s to oneroof_executor', p.oid::regprocedure) as text from pg_proc p, aclexplode(p.proacl) a
  where p.pronamespace = 'gate'::regnamespace and a.grantee = 'oneroof_executor'::regrole
  union all select 'grant usage on schema gate to oneroof_executor'`;

/** What happens to a target between two tiers, and what mends it. */
const troubles: readonly {
  readonly name: string;
  readonly harm: readonly string[];
  readonly mend: readonly string[];
}[] = [
  {
    name: 'a right is revoked',
    harm: [`revoke ${enter} from oneroof_executor`],
    mend: [`grant ${enter} to oneroof_executor`],
  },
  {
    name: 'the schema of the gate is closed',
    harm: ['revoke usage on schema gate from oneroof_executor'],
    mend: ['grant usage on schema gate to oneroof_executor'],
  },
  {
    name: 'the role is dropped',
    harm: ['drop owned by oneroof_executor', 'drop role oneroof_executor'],
    mend: ['create role oneroof_executor login noinherit'],
  },
];

it.each(newest.flatMap((version) => troubles.map((trouble) => ({ version, ...trouble }))))(
  'a rollout on $version in which $name ends with a code and a fix, and goes on once that is mended',
  { timeout: 60_000 },
  ({ version, harm, mend }) =>
    withOwnGround(version, async (ground) => {
      const { session } = ground;
      const statement = await ground.submit();
      const rights = await session.query<{ text: string }>(rightsOfExecutor);
      const { result, applied } = await rollOut(ground, statement, async () => {
        for (const one of harm) await session.run(one);
      });
      expect(result).toBeInstanceOf(OneRoofError);
      expect(result).toMatchObject({ code: 'GATE_NOT_INSTALLED' });
      expect((result as OneRoofError).problems[0].fix).toContain('oneroof doctor');
      expect(applied).toEqual(['1-first']);
      for (const one of [...mend, ...rights.map(({ text }) => text)]) await session.run(one);
      expect((await rollOut(ground, statement)).result).toMatchObject({ result: 'done', tiers: ['2-each', '3-last'] });
    }),
);
