import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a tool sends a script: in one transaction, as one message, or statement by statement. */
export type Sending = 'transaction' | 'message' | 'statements';

/** A server of PostgreSQL's own programs. It shares nothing with One Roof. */
export interface Court {
  /** As `pg_ctl` says. */
  readonly version: string;
  /** Runs a script as its tool does; answers the server's error, or null. */
  send(database: string, script: { readonly text: string; readonly sending: Sending }): string | null;
  /** Answers what a script prints, unaligned. Errors: throws what psql says. */
  ask(database: string, text: string): string;
  /** The schema as pg_dump writes it. */
  dump(database: string): string;
  stop(): void;
}

/** psql takes no longer argument; a longer script is sent as a file, in a transaction where it would have been a message. */
const longestArgument = 100_000;

/** Starts a server with initdb and pg_ctl of a folder; without one, those of the newest version below /usr/lib/postgresql. */
export function openCourt(bin: string | undefined): Court {
  const program = programsIn(bin ?? newest());
  const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
  const user = process.getuid?.() === 0 ? { uid: numberOf('-u'), gid: numberOf('-g') } : null;
  if (user !== null) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o755);
  const data = join(folder, 'data');
  const must = (name: string, args: readonly string[]): string => {
    // pg_ctl leaves a server behind that would keep a pipe open
    const stdio = name === 'pg_ctl' && args.includes('start') ? ('ignore' as const) : ('pipe' as const);
    const { status, stdout, stderr } = spawnSync(program(name), args, {
      ...user,
      cwd: folder,
      encoding: 'utf8',
      stdio,
    });
    if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
    return stdout;
  };
  must('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-N', '--no-instructions', '-E', 'UTF8', '--locale=C']);
  const settings = `-c listen_addresses= -c unix_socket_directories=${folder} -c fsync=off -c autovacuum=off -c jit=off`;
  must('pg_ctl', ['-D', data, '-w', '-l', join(folder, 'log'), '-o', settings, 'start']);
  const run = (
    name: string,
    args: readonly string[],
    input = '',
  ): { failed: boolean; stdout: string; stderr: string } => {
    const { status, stdout, stderr } = spawnSync(program(name), ['-h', folder, '-U', 'postgres', ...args], {
      input,
      encoding: 'utf8',
      maxBuffer: 512 << 20,
      env: { ...process.env, PGOPTIONS: '-c client_min_messages=error' },
    });
    return { failed: status !== 0, stdout, stderr };
  };
  const psql = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1'];
  const send: Court['send'] = (database, { text, sending }) => {
    const isLong = Buffer.byteLength(text) > longestArgument;
    const alone = sending === 'transaction' || (sending === 'message' && isLong) ? ['-1'] : [];
    const how = isLong || sending === 'statements' ? ['-f', '-'] : ['-c', text];
    const { failed, stderr } = run('psql', [...psql, ...alone, '-d', database, ...how], text);
    return failed ? (/^.*(?:ERROR|FATAL):.*$/m.exec(stderr)?.[0] ?? stderr.slice(0, 300)) : null;
  };
  return {
    version: must('pg_ctl', ['--version']).trim(),
    send: (database, script) => {
      const said = send(database, script);
      const role = /role "([^"]+)" does not exist/.exec(said ?? '')?.[1];
      if (role === undefined) return said;
      // a role that the project takes for granted
      run('psql', [...psql, '-d', 'postgres', '-c', `create role "${role.replaceAll('"', '""')}"`]);
      return send(database, script);
    },
    ask: (database, text) => {
      const { failed, stdout, stderr } = run('psql', [...psql, '-d', database, '-f', '-'], text);
      if (failed) throw new Error(`cannot read ${database}: ${stderr}`);
      return stdout;
    },
    dump: (database) => {
      const { failed, stdout, stderr } = run('pg_dump', ['-d', database, '--schema-only']);
      if (failed) throw new Error(`cannot dump ${database}: ${stderr}`);
      // newer versions begin and end with a random word
      return stdout.replaceAll(/^\\(?:un)?restrict .*$/gm, '');
    },
    stop: () => {
      must('pg_ctl', ['-D', data, '-m', 'immediate', '-w', 'stop']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The SQL that gives rows, for the migration that is judged next. */
export function rowsFor(text: string): string {
  const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
  // the text goes as hexadecimal digits: no quote in it ends the string
  const digits = Buffer.from(text.replaceAll('\0', '')).toString('hex');
  return `${read('rows-prepare.sql')}
select set_config('corpus.text', convert_from(decode('${digits}', 'hex'), 'UTF8'), false) \\g /dev/null
${read('rows.sql')}`;
}

function numberOf(which: '-u' | '-g'): number {
  return Number(spawnSync('id', [which, 'postgres'], { encoding: 'utf8' }).stdout);
}

function newest(): string {
  const root = '/usr/lib/postgresql';
  const [major] = existsSync(root) ? readdirSync(root).toSorted((one, other) => Number(other) - Number(one)) : [];
  if (major === undefined) throw new Error(`${root} has no PostgreSQL: name the folder of its programs with --bin`);
  return join(root, major, 'bin');
}

function programsIn(folder: string): (name: string) => string {
  return (name) => join(folder, name);
}
