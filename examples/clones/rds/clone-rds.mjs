// Snapshots of an Amazon RDS instance, restored as instances, for the clone provider "exec" of One Roof. Not run against the real service.
//
// Uses the `aws` command line. Variables: RDS_INSTANCE (production's identifier), RDS_USER (the master user),
// RDS_CLONE_PASSWORD (the clones get it, production keeps its own), RDS_CLASS (as db.t4g.large), and those of `aws`: AWS_REGION, AWS_PROFILE or
// keys. Where they are listed under `env`: RDS_DATABASE (another than the instance's first one), RDS_SUBNET_GROUP, RDS_SECURITY_GROUPS (with commas; one that lets nothing out), RDS_PARAMETER_GROUP.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const { RDS_INSTANCE, RDS_DATABASE, RDS_USER, RDS_CLONE_PASSWORD, RDS_CLASS } = process.env;
const { RDS_SUBNET_GROUP, RDS_SECURITY_GROUPS, RDS_PARAMETER_GROUP } = process.env;
const pause = Number(process.env.RDS_PAUSE_MS ?? 15_000);

/** Runs `aws rds VERB` and reads its answer; null where it fails with one of these codes. Input goes in by a pipe: all users see arguments. */
function aws(verb, args, { input, unless = [] } = {}) {
  const words = ['rds', verb, ...args, '--output', 'json', '--no-cli-pager'];
  // what Node gives a program as its standard input cannot be opened by that name; what `cat` gives can
  const [program, all] =
    input === undefined
      ? ['aws', words]
      : ['/bin/sh', ['-c', 'cat | aws "$@"', 'sh', ...words, '--cli-input-json', 'file:///dev/stdin']];
  return new Promise((resolve, reject) => {
    const child = spawn(program, all, { stdio: ['pipe', 'pipe', 'pipe'] });
    let [said, wrong] = ['', ''];
    child.stdout.on('data', (part) => (said += part));
    child.stderr.on('data', (part) => (wrong += part));
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(said.trim() === '' ? {} : JSON.parse(said));
      else if (unless.some((code) => wrong.includes(`(${code}`))) resolve(null);
      else reject(new Error(`aws rds ${verb}: ${wrong.trim().slice(0, 500)}`));
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input === undefined ? '' : JSON.stringify(input));
  });
}

const tagsOf = (place) => ['--tags', `Key=oneroof,Value=${place}`];
const isOurs = (place, tags = []) => tags.some(({ Key, Value }) => Key === 'oneroof' && Value === place);
const isPlain = ({ PendingModifiedValues: pending = {} }) => pending.MasterUserPassword === undefined;

/** Null where there is none. */
async function instance(name) {
  const found = await aws('describe-db-instances', ['--db-instance-identifier', name], {
    unless: ['DBInstanceNotFound'],
  });
  return found?.DBInstances[0] ?? null;
}

async function snapshot(name) {
  const found = await aws('describe-db-snapshots', ['--db-snapshot-identifier', name], {
    unless: ['DBSnapshotNotFound'],
  });
  return found?.DBSnapshots[0] ?? null;
}

async function available(name) {
  for (;;) {
    const found = await instance(name);
    if (found === null) throw new Error(`instance ${name} is not there`);
    const { DBInstanceStatus: status } = found;
    if (status === 'available' && isPlain(found)) return found;
    if (['failed', 'restore-error', 'incompatible-restore', 'storage-full'].includes(status))
      throw new Error(`instance ${name}: ${status}`);
    await sleep(pause);
  }
}

/** Makes the instance where it is not there. It comes with production's password, and gets its own before anybody is told of it. */
async function restored({ name, place, golden }) {
  const optional = [
    ...(RDS_SUBNET_GROUP ? ['--db-subnet-group-name', RDS_SUBNET_GROUP] : []),
    ...(RDS_SECURITY_GROUPS ? ['--vpc-security-group-ids', ...RDS_SECURITY_GROUPS.split(',')] : []),
    ...(RDS_PARAMETER_GROUP ? ['--db-parameter-group-name', RDS_PARAMETER_GROUP] : []),
  ];
  await aws(
    'restore-db-instance-from-db-snapshot',
    [
      '--db-instance-identifier',
      name,
      '--db-snapshot-identifier',
      golden.id,
      '--db-instance-class',
      RDS_CLASS,
      '--no-multi-az',
      '--no-publicly-accessible',
      '--no-deletion-protection',
      '--no-auto-minor-version-upgrade',
      ...optional,
      ...tagsOf(place),
    ],
    { unless: ['DBInstanceAlreadyExists'] },
  );
  const made = await available(name);
  if (!isOurs(place, made.TagList)) throw new Error(`instance ${name} has not the tag oneroof=${place}`);
  if (!made.TagList.some(({ Key }) => Key === 'oneroof-password')) {
    await aws('modify-db-instance', ['--apply-immediately'], {
      input: { DBInstanceIdentifier: name, MasterUserPassword: RDS_CLONE_PASSWORD },
    });
    // it takes a moment until the status says so
    await sleep(2 * pause);
    await available(name);
    const tag = ['--resource-name', made.DBInstanceArn, '--tags', 'Key=oneroof-password,Value=own'];
    await aws('add-tags-to-resource', tag);
  }
  return available(name);
}

const connected = ({ DBInstanceIdentifier: id, DBName, Endpoint: { Address: host, Port: port } }) => ({
  id,
  connection: {
    host,
    port,
    user: RDS_USER,
    database: RDS_DATABASE ?? DBName,
    passwordFrom: 'RDS_CLONE_PASSWORD',
    ...(host.startsWith('/') ? {} : { sslmode: 'require' }),
  },
});

async function dropInstance(name, place) {
  const found = await instance(name);
  if (found === null) return;
  if (!isOurs(place, found.TagList)) throw new Error(`instance ${name} has not the tag oneroof=${place}`);
  await aws(
    'delete-db-instance',
    ['--db-instance-identifier', name, '--skip-final-snapshot', '--delete-automated-backups'],
    {
      // it is on its way out
      unless: ['DBInstanceNotFound', 'InvalidDBInstanceState'],
    },
  );
  while ((await instance(name)) !== null) await sleep(pause);
}

const verbs = {
  async probe() {
    const found = await instance(RDS_INSTANCE);
    if (found === null) throw new Error(`there is no instance ${RDS_INSTANCE}`);
    return { program: `Amazon RDS ${RDS_INSTANCE}, ${found.Engine} ${found.EngineVersion}` };
  },

  async golden({ name, place }) {
    await aws(
      'create-db-snapshot',
      ['--db-instance-identifier', RDS_INSTANCE, '--db-snapshot-identifier', name, ...tagsOf(place)],
      { unless: ['DBSnapshotAlreadyExists'] },
    );
    for (;;) {
      const made = await snapshot(name);
      if (made === null || made.Status === 'failed')
        throw new Error(`snapshot ${name}: ${made?.Status ?? 'is not there'}`);
      if (made.Status === 'available') {
        const takenAt = new Date(made.SnapshotCreateTime).toISOString();
        return { id: made.DBSnapshotIdentifier, takenAt, said: [`snapshot of ${made.DBInstanceIdentifier}`] };
      }
      await sleep(pause);
    }
  },

  clone: async (asked) => connected(await restored(asked)),

  // RDS cannot put an instance back, so it is made again under its name
  async reset(asked) {
    await dropInstance(asked.name, asked.place);
    return connected(await restored(asked));
  },

  async drop({ kind, name, place }) {
    if (kind === 'clone') await dropInstance(name, place);
    else {
      const found = await snapshot(name);
      if (found !== null && !isOurs(place, found.TagList))
        throw new Error(`snapshot ${name} has not the tag oneroof=${place}`);
      if (found !== null)
        await aws('delete-db-snapshot', ['--db-snapshot-identifier', name], { unless: ['DBSnapshotNotFound'] });
    }
    return {};
  },

  async list({ place }) {
    const { DBInstances } = await aws('describe-db-instances', []);
    const { DBSnapshots } = await aws('describe-db-snapshots', ['--snapshot-type', 'manual']);
    const of = (kind, name, tags) =>
      name.startsWith(`${place}-`) && isOurs(place, tags) ? [{ kind, name, id: name }] : [];
    return {
      objects: [
        ...DBInstances.filter(({ DBInstanceStatus }) => DBInstanceStatus !== 'deleting').flatMap((one) =>
          of('clone', one.DBInstanceIdentifier, one.TagList),
        ),
        ...DBSnapshots.flatMap((one) => of('golden', one.DBSnapshotIdentifier, one.TagList)),
      ],
    };
  },
};

try {
  const asked = JSON.parse(readFileSync(0, 'utf8'));
  const answer = await verbs[asked.verb](asked);
  console.log(JSON.stringify({ version: 1, request: asked.request, ...answer }));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
