import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { OneRoofError, printable, stated } from '../../core/index.ts';
import {
  lookAtProduction,
  type SourceLook,
  recommendClone,
  type Recommendation,
  sizeText,
  verifiesFully,
} from '../../clone/index.ts';
import { type Connection, describe, parseAddress, resolveConnection } from '../../database/index.ts';
import { agentSkill } from '../../mcp/index.ts';
import { policyText } from '../../people/index.ts';
import { initRelease, refuseExistingRelease } from '../../release/index.ts';
import { findDatabase, type FoundDatabase, initSetup, type KnownCopy, readSetup, targetOf } from '../../setup/index.ts';
import { askOnTerminal } from '../ask.io.ts';
import { newFile } from '../new-file.io.ts';
import { inFolder, sameFor } from '../next-command.ts';
import { type Context, type CommandRun } from '../verb.ts';

/** Writes a commented oneroof.yaml and a first policy, and a release where a folder is named; refuses to overwrite a file. */
export const run: CommandRun = async (context) => {
  const { folder, terminal } = context;
  const [release] = context.arguments;
  const show = (path: string): string => printable(relative(process.cwd(), path));
  const file = join(resolve(folder), 'oneroof.yaml');
  const isThere = existsSync(file);
  // before anybody is asked, and before anything is written
  if (release !== undefined) await refuseExistingRelease(resolve(folder, release));
  const found = isThere ? null : await foundBy(context);
  const copy = found === null || 'why' in found.read ? null : await copyOf(context, found.connection);
  const made: string[] = [];
  let policy: string | null = null;
  let skill: string | null = null;
  try {
    if (!isThere || (release === undefined && context.options['agent'] !== true))
      made.push(await initSetup(folder, found?.connection ?? null, copy));
    else terminal.say(`${show(file)} exists already and is not changed.`);
    policy = await firstPolicy(context);
    if (policy !== null) made.push(policy);
    if (context.options['agent'] === true) {
      skill = writeSkill(context);
      made.push(skill);
    }
    if (release !== undefined) made.push(...(await initRelease(resolve(folder, release), await databaseOf(folder))));
  } catch (error) {
    // all or nothing: with half of it, the next attempt would be refused
    for (const path of made) rmSync(path, { force: true });
    throw error;
  }
  const begin = isThere ? [] : beginWith(found, { copy, file: show(file) });
  const end = release === undefined ? [] : [`write the release, then ${sameFor(context, 'lint')}`];
  return {
    exit: 0,
    schema: 'oneroof/init/1',
    data: {
      file,
      policy,
      release: made.filter((path) => path !== file && path !== policy && path !== skill),
      skill,
      clone: copy === null ? null : { provider: copy.provider, reason: copy.reason, cost: copy.cost },
    },
    text: made.map(show).join('\n'),
    next: [...begin, inFolder(context, 'doctor'), ...end].join('; '),
  };
};

/** Where coding agents find what `oneroof skill` prints. */
const skillFile = join('.agents', 'skills', 'oneroof', 'SKILL.md');

function writeSkill(context: Context): string {
  mkdirSync(dirname(join(resolve(context.folder), skillFile)), { recursive: true });
  const file = newFile(context, skillFile);
  file.write(agentSkill());
  return file.path;
}

/** The database of the default target; undefined where oneroof.yaml does not say it, or not here: an address may be in a variable. */
async function databaseOf(folder: string): Promise<string | undefined> {
  try {
    return targetOf(await readSetup(folder)).observer.database;
  } catch (error) {
    if (error instanceof OneRoofError) return undefined;
    throw error;
  }
}

/** The policy that oneroof.yaml names, for this machine; null: it is there, or oneroof.yaml cannot be read. */
async function firstPolicy(context: Context): Promise<string | null> {
  const setup = await readSetup(context.folder).catch(() => null);
  if (setup === null || existsSync(setup.policyFile)) return null;
  const target = newFile(context, setup.policyFile);
  target.write(policyText(`http://localhost:${setup.pagePort}`));
  return target.path;
}

/** What comes first: roles, programs, and what a copy needs. */
function beginWith(
  found: FoundDatabase | null,
  { copy, file }: { readonly copy: FittingCopy | null; readonly file: string },
): readonly string[] {
  if (found === null) return [`fill in HOST and DATABASE in ${file}, then ${grantsFor(null)}`];
  const roles = grantsFor(found);
  if (copy === null) return [roles];
  const dump =
    copy.provider === 'dump' ? ['oneroof grants --for-dump > dump.sql, likewise; their passwords go to ~/.pgpass'] : [];
  return [roles, ...dump, ...copy.before];
}

function grantsFor(found: FoundDatabase | null): string {
  const read = found === null || 'why' in found.read ? null : found.read;
  const schemas = read === null || read.schemas.length === 0 ? ['public'] : read.schemas;
  return `oneroof grants --schema ${shellWord(schemas.join(','))} > observer.sql, for a superuser to read and run`;
}

function shellWord(text: string): string {
  return /^[A-Za-z0-9_,]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

const question =
  'Address of the database, without a password (postgres://user@host:5432/database; empty: fill it in later): ';

/** A copy that fits, with what to say of it. */
type FittingCopy = KnownCopy & Pick<Recommendation, 'cost' | 'before'>;

/** Looks at the database, says what it saw, and chooses how it is copied; null: it could not look, or nothing fits. */
async function copyOf({ folder, terminal }: Context, connection: Connection): Promise<FittingCopy | null> {
  terminal.progress(`looking at ${describe(connection)}`);
  const seen = await lookAtProduction(connection, join(resolve(folder), '.oneroof', 'clones'));
  if ('why' in seen) {
    terminal.say(`could not look for a way to copy it, so oneroof.yaml names none: ${seen.why}`);
    return null;
  }
  const { look } = seen;
  const socket = connection.host.startsWith('/');
  for (const line of [...describeLook(look), ...(socket ? [] : await describeTls(connection, look.tls))])
    terminal.say(printable(line));
  const fits = recommendClone(look, { socket });
  if (fits === null) {
    terminal.say('no clone provider for this version: oneroof.yaml names none');
    return null;
  }
  terminal.say(printable(`clones: provider ${fits.provider}, because ${fits.reason}. Cost: ${fits.cost}`));
  const role = fits.provider === 'dump' ? 'oneroof_dump' : look.mayBackUp ? look.role : 'oneroof_backup';
  return { ...fits, role, dataDirectory: fits.provider === 'physical' ? look.dataDirectory : null };
}

function describeLook(look: SourceLook): readonly string[] {
  const { role, extensions, lacking, binaries } = look;
  const major = Math.floor(look.serverVersion / 10_000);
  const reads = look.isSuperuser
    ? 'a superuser'
    : look.unreadable === 0
      ? 'may read every table'
      : `may not read ${look.unreadable} tables`;
  const here = binaries === null ? `not on this machine` : `here in ${binaries.folder} (${binaries.origin})`;
  const missing =
    lacking === null
      ? 'whether this machine has them is not known'
      : lacking.length === 0
        ? 'all of them are on this machine'
        : `not on this machine: ${lacking.join(', ')}`;
  return [
    `PostgreSQL ${major}${look.isStandby ? ', a standby' : ''}, ${sizeText(look.bytes)}; ${role}: ${reads}; programs of ${major}: ${here}`,
    `extensions: ${extensions.join(', ')}; ${missing}`,
  ];
}

/** Whether the address will hold that is written: it asks the server to prove who it is. */
async function describeTls(connection: Connection, tls: string | null): Promise<readonly string[]> {
  if (tls === null)
    return [
      connection.sslmode === 'disable'
        ? 'not encrypted, as the address says: passwords and rows can be read on the way'
        : 'not encrypted: the server offers no TLS. If that is meant to be so, write sslmode=disable into the address',
    ];
  const proof = await verifiesFully(connection);
  return [
    proof === true
      ? `encrypted (${tls}), and the server proves who it is`
      : `encrypted (${tls}), but the server does not prove who it is (${proof}): name its certificate with sslrootcert in the address`,
  ];
}

/** Where the database is: from --url, DATABASE_URL, PG* variables, or a person's answer; null: unknown. */
async function foundBy({ options, terminal, signal }: Context): Promise<FoundDatabase | null> {
  const { env } = process;
  const given = options['url'];
  if (typeof given === 'string' && parseAddress(given)['password'] !== undefined)
    throw new OneRoofError('SECRET_ON_COMMAND_LINE', {
      ...stated`the command line contains a password, and other users of this machine can read it`,
      fix: 'remove it from --url; put it into PGPASSWORD or ~/.pgpass, or the whole address into DATABASE_URL',
    });
  const named = typeof given === 'string' ? given : env['DATABASE_URL'] || null;
  const isInEnvironment = ['PGHOST', 'PGDATABASE', 'PGSERVICE'].some((name) => (env[name] ?? '') !== '');
  const service = options['service'];
  const isNamed = typeof service === 'string' && typeof given !== 'string';
  const url = isNamed ? null : (named ?? (isInEnvironment ? null : await askOnTerminal(question, signal)));
  if (url === null && !isNamed && !isInEnvironment) return null;
  const connection = resolveConnection({ ...(url === null ? {} : { url }), ...(isNamed ? { service } : {}), env });
  terminal.progress(`reading ${describe(connection)}`);
  const found = await findDatabase(connection);
  const where = printable(describe(connection));
  if ('why' in found.read) terminal.say(`could not read its schemas: ${found.read.why}`);
  else
    terminal.say(
      `${where}: ${found.read.schemas.length === 0 ? 'no tables yet' : printable(`schemas ${found.read.schemas.join(', ')}; table owners ${found.read.owners.join(', ')}`)}`,
    );
  return found;
}
