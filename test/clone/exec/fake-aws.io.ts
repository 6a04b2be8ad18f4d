import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Service } from './service.io.ts';

/** An `aws` that knows the verbs of RDS which the example uses, with their options and codes as the reference has them. Its state is a file. */
const program = (of: { readonly host: string; readonly port: number }): string => `#!${process.execPath}
const { readFileSync, writeFileSync, existsSync, appendFileSync } = require('node:fs');
const { join } = require('node:path');
const pg = require(${JSON.stringify(
  import.meta
    .resolve('pg')
    .replace('file://', '')
    .replace(/\/esm\/index\.mjs$/, '/lib/index.js'),
)});
const file = join(__dirname, 'state.json');
const state = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { instances: {}, snapshots: {} };
const [service, verb, ...words] = process.argv.slice(2);
appendFileSync(join(__dirname, 'calls.jsonl'), JSON.stringify(process.argv.slice(2)) + '\\n');
const known = {
  'describe-db-instances': ['db-instance-identifier'],
  'describe-db-snapshots': ['db-snapshot-identifier', 'snapshot-type'],
  'create-db-snapshot': ['db-instance-identifier', 'db-snapshot-identifier', 'tags'],
  'restore-db-instance-from-db-snapshot': ['db-instance-identifier', 'db-snapshot-identifier', 'db-instance-class', 'no-multi-az', 'no-publicly-accessible', 'no-deletion-protection', 'no-auto-minor-version-upgrade', 'db-subnet-group-name', 'vpc-security-group-ids', 'db-parameter-group-name', 'tags'],
  'modify-db-instance': ['apply-immediately', 'cli-input-json'],
  'add-tags-to-resource': ['resource-name', 'tags'],
  'delete-db-instance': ['db-instance-identifier', 'skip-final-snapshot', 'delete-automated-backups'],
  'delete-db-snapshot': ['db-snapshot-identifier'],
};
const options = {};
let name = null;
for (const word of words) {
  if (word.startsWith('--')) options[(name = word.slice(2))] = [];
  else options[name].push(word);
}
const end = (status, text) => { writeFileSync(file, JSON.stringify(state)); if (status === 0) process.stdout.write(text); else process.stderr.write('\\n' + text + '\\n'); process.exit(status); };
if (service !== 'rds' || !(verb in known)) end(252, 'aws: error: argument operation: Invalid choice');
for (const one of Object.keys(options)) if (![...known[verb], 'output', 'no-cli-pager'].includes(one)) end(252, 'Unknown options: --' + one);
if (process.env.AWS_SECRET_ACCESS_KEY !== 'aws-secret') end(253, 'Unable to locate credentials');
const operation = verb.split('-').map((part) => part[0].toUpperCase() + part.slice(1)).join('').replace('Db', 'DB');
const fail = (code) => end(254, 'An error occurred (' + code + ') when calling the ' + operation + ' operation: ' + code);
const answer = (value) => end(0, JSON.stringify(value, null, 4) + '\\n');
const one = (key) => (options[key] ?? [])[0];
const tags = () => (options.tags ?? []).map((text) => { const [, Key, Value] = /^Key=([^,]*),Value=([\\w .:/=+@-]*)$/.exec(text); return { Key, Value }; });
const isName = (text) => /^[a-z](?:-?[a-z0-9])*$/i.test(text) && text.length <= 63;
const run = async (text) => {
  const client = new pg.Client({ host: ${JSON.stringify(of.host)}, port: ${of.port}, user: 'postgres', database: 'postgres' });
  await client.connect();
  try { await client.query(text); } finally { await client.end(); }
};
const q = (text) => '"' + text + '"';
const shown = (id) => {
  const { asked, ...instance } = state.instances[id];
  state.instances[id].asked = asked + 1;
  if (asked > 0 && instance.DBInstanceStatus === 'deleting') { delete state.instances[id]; }
  else if (asked > 0) Object.assign(state.instances[id], { DBInstanceStatus: 'available', PendingModifiedValues: {} });
  return { ...instance, ...(instance.DBInstanceStatus === 'creating' ? {} : { Endpoint: { Address: instance.address, Port: instance.port } }) };
};
const verbs = {
  'describe-db-instances': async () => {
    const id = one('db-instance-identifier');
    if (id !== undefined && !(id in state.instances)) fail('DBInstanceNotFound');
    answer({ DBInstances: (id === undefined ? Object.keys(state.instances) : [id]).map(shown) });
  },
  'describe-db-snapshots': async () => {
    const id = one('db-snapshot-identifier');
    if (id !== undefined && !(id in state.snapshots)) fail('DBSnapshotNotFound');
    const found = (id === undefined ? Object.keys(state.snapshots) : [id]).map((key) => ({ ...state.snapshots[key] }));
    for (const { DBSnapshotIdentifier } of found) state.snapshots[DBSnapshotIdentifier].Status = 'available';
    answer({ DBSnapshots: found });
  },
  'create-db-snapshot': async () => {
    const id = one('db-snapshot-identifier');
    if (!isName(id)) fail('InvalidParameterValue');
    if (id in state.snapshots) fail('DBSnapshotAlreadyExists');
    if (one('db-instance-identifier') !== 'shop-production') fail('DBInstanceNotFound');
    await run('create database ' + q(id) + ' template shop strategy file_copy');
    state.snapshots[id] = { DBSnapshotIdentifier: id, DBInstanceIdentifier: 'shop-production', Status: 'creating', SnapshotCreateTime: new Date().toISOString().replace('Z', '000+00:00'), SnapshotType: 'manual', TagList: tags() };
    answer({ DBSnapshot: state.snapshots[id] });
  },
  'restore-db-instance-from-db-snapshot': async () => {
    const id = one('db-instance-identifier');
    const from = one('db-snapshot-identifier');
    if (!isName(id)) fail('InvalidParameterValue');
    if (id in state.instances) fail('DBInstanceAlreadyExists');
    if (!(from in state.snapshots)) fail('DBSnapshotNotFound');
    // all instances are one server here, so each has a database of another name
    await run('create database ' + q(id) + ' template ' + q(from) + ' strategy file_copy');
    state.instances[id] = { DBInstanceIdentifier: id, DBInstanceArn: 'arn:aws:rds:eu-central-1:1:db:' + id, DBInstanceStatus: 'creating', Engine: 'postgres', EngineVersion: '18.4', DBName: id, address: ${JSON.stringify(of.host)}, port: ${of.port}, PendingModifiedValues: {}, TagList: tags(), asked: 0 };
    answer({ DBInstance: state.instances[id] });
  },
  'modify-db-instance': async () => {
    if (one('cli-input-json') !== 'file:///dev/stdin') end(252, 'Error parsing parameter');
    const input = JSON.parse(readFileSync('/dev/stdin', 'utf8'));
    const found = state.instances[input.DBInstanceIdentifier];
    if (found === undefined) fail('DBInstanceNotFound');
    if (Object.keys(input).some((key) => !['DBInstanceIdentifier', 'MasterUserPassword'].includes(key))) end(252, 'Unknown parameter in input');
    if (String(input.MasterUserPassword).length < 8) fail('InvalidParameterValue');
    Object.assign(found, { DBInstanceStatus: 'resetting-master-credentials', PendingModifiedValues: { MasterUserPassword: '****' }, asked: 0 });
    answer({ DBInstance: found });
  },
  'add-tags-to-resource': async () => {
    const found = Object.values(state.instances).find(({ DBInstanceArn }) => DBInstanceArn === one('resource-name'));
    if (found === undefined) fail('DBInstanceNotFound');
    found.TagList.push(...tags());
    end(0, '');
  },
  'delete-db-instance': async () => {
    const id = one('db-instance-identifier');
    if (!(id in state.instances)) fail('DBInstanceNotFound');
    if (state.instances[id].DBInstanceStatus === 'deleting') fail('InvalidDBInstanceState');
    if (!('skip-final-snapshot' in options)) fail('InvalidParameterCombination');
    await run('drop database if exists ' + q(id) + ' with (force)');
    Object.assign(state.instances[id], { DBInstanceStatus: 'deleting', asked: 0 });
    answer({ DBInstance: state.instances[id] });
  },
  'delete-db-snapshot': async () => {
    const id = one('db-snapshot-identifier');
    if (!(id in state.snapshots)) fail('DBSnapshotNotFound');
    await run('drop database if exists ' + q(id));
    delete state.snapshots[id];
    answer({});
  },
};
verbs[verb]().catch((error) => end(255, String(error)));
`;

/** Writes the fake into a folder for PATH. */
export function writeFakeAws({ copies, folder }: Pick<Service, 'copies' | 'folder'>) {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const { host, port } = copies.connection('postgres');
  const instances = {
    'shop-production': {
      DBInstanceIdentifier: 'shop-production',
      DBInstanceStatus: 'available',
      Engine: 'postgres',
      EngineVersion: '18.4',
      TagList: [],
      address: 'production.example',
      port: 5432,
      asked: 9,
    },
  };
  writeFileSync(join(bin, 'package.json'), '{"type":"commonjs"}');
  writeFileSync(join(bin, 'state.json'), JSON.stringify({ instances, snapshots: {} }));
  writeFileSync(join(bin, 'aws'), program({ host, port }));
  chmodSync(join(bin, 'aws'), 0o755);
  const read = (file: string): string => readFileSync(join(bin, file), 'utf8');
  return {
    bin,
    state: () => JSON.parse(read('state.json')) as { readonly instances: object; readonly snapshots: object },
    calls: () => read('calls.jsonl'),
  };
}
