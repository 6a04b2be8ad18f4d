import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { callProgram, type ProgramSetup } from '../../../src/clone/exec/call-program.io.ts';
import { type Milliseconds, OneRoofError } from '../../../src/core/index.ts';
import { secret } from '../../../src/database/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'oneroof-program-'));
afterAll(() => rmSync(folder, { recursive: true }));

const token = 'sk-live-7f3a';

/** A program that does this once it has read its request, which it has as `asked`. */
function setupOf(act: string, given: Partial<ProgramSetup> = {}): ProgramSetup {
  const script = `let text='';process.stdin.on('data',(d)=>text+=d).on('end',async()=>{const asked=JSON.parse(text);const answer=(more)=>console.log(JSON.stringify({version:1,request:asked.request,...more}));${act}})`;
  return {
    provider: 'exec',
    command: [process.execPath, '-e', script],
    startIn: folder,
    variables: new Map([['TOKEN', secret(token)]]),
    deadline: 20_000 as Milliseconds,
    folder,
    ...given,
  };
}

const request = { version: 1, verb: 'probe', request: 'r1', place: 'oneroof-00000000' } as const;
const call = (act: string, given: Partial<ProgramSetup> = {}) => callProgram(setupOf(act, given), request);

async function refused(act: string, given: Partial<ProgramSetup> = {}): Promise<OneRoofError> {
  const error: unknown = await call(act, given).then(
    () => null,
    (cause: unknown) => cause,
  );
  if (error instanceof OneRoofError) return error;
  throw new Error(`it was not refused: ${String(error)}`);
}

/** All that is said of an error, and where it could be logged. */
const said = (error: OneRoofError): string => JSON.stringify([error.problems, error.message, String(error.stack)]);

describe('a program that is asked', () => {
  it('gets the request, the variables that are named, and no others', async () => {
    process.env['ONEROOF_TEST_OTHER'] = 'x';
    const seen = await call(
      `answer({program: JSON.stringify([asked.verb, Object.keys(process.env).sort(), process.cwd()])})`,
    );
    delete process.env['ONEROOF_TEST_OTHER'];
    const [verb, names, place] = JSON.parse(seen.program) as [string, string[], string];
    expect([verb, names.filter((name) => !['HOME', 'LANG', 'PATH'].includes(name)), place]).toEqual([
      'probe',
      ['TOKEN'],
      folder,
    ]);
  });

  it('is no shell: words are words', async () => {
    const file = join(folder, 'made');
    const { program } = await callProgram(
      {
        ...setupOf(''),
        command: [
          process.execPath,
          '-e',
          `let t='';process.stdin.on('data',(d)=>t+=d).on('end',()=>console.log(JSON.stringify({version:1,request:'r1',program:process.argv[1]})))`,
          `$(touch ${file});`,
        ],
      },
      request,
    );
    expect([program, existsSync(file)]).toEqual([`$(touch ${file});`, false]);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', `console.log('not JSON')`],
    ['two objects', `answer({program:'p'});answer({program:'p'})`],
    ['an object and talk', `console.log('made it');answer({program:'p'})`],
    ['another version', `console.log(JSON.stringify({version:2,request:asked.request,program:'p'}))`],
    ['another request', `console.log(JSON.stringify({version:1,request:'r2',program:'p'}))`],
    ['a member too many', `answer({program:'p',more:1})`],
    ['a member too few', `answer({})`],
    ['control characters', `answer({program:'\\u001b[2J'})`],
    ['two lines', `answer({program:'one\\ntwo'})`],
    ['null', `console.log('null')`],
    ['a list', `console.log('[]')`],
    ['too much', `process.stdout.write('x'.repeat(3e6));setInterval(()=>0,1000)`],
    ['too much without end', `const more=()=>process.stdout.write('x'.repeat(1e5),more);more()`],
  ])('is refused where it answers with %s', async (_, act) => {
    const error = await refused(act);
    expect(error.code).toBe('CLONE_PROGRAM_ANSWER');
    expect(error.problems[0].fix).toContain('docs/clone-program.schema.json');
    expect(said(error)).not.toMatch(/\u001b/);
  });

  it('is refused with its exit status and its last lines, made safe and without secrets', async () => {
    const error = await refused(
      `process.stderr.write('x'.repeat(2e6)+'\\n'+'line\\n'.repeat(50)+'\\u001b[31mtoken '+process.env.TOKEN+'\\n\\u202eend');process.exitCode=3`,
    );
    expect(error.code).toBe('CLONE_PROGRAM_FAILED');
    expect(error.problems[0].problem).toContain('exit status 3');
    const { detail = [] } = error.problems[0];
    expect(detail).toHaveLength(8);
    expect(detail.slice(-2)).toEqual(['\\u{1b}[31mtoken …', '\\u{202e}end']);
    expect(said(error)).not.toContain(token);
  });

  it('does not show a secret that was cut where the talk was', async () => {
    // the first bytes that are kept begin within the secret
    const error = await refused(
      `process.stderr.write(process.env.TOKEN + 'x'.repeat(16 * 1024 - 5));process.exitCode=1`,
    );
    expect(said(error)).not.toContain(token.slice(-5));
  });

  it('does not show a password that it answered with before it failed', async () => {
    const error = await refused(
      `console.log('{"version":1,"connection":{"password":"hun\\\\u0074er2"}');process.stderr.write('password hunter2');process.exitCode=1`,
    );
    expect(said(error)).not.toContain('hunter2');
    expect(said(await refused(`console.log('{"password":"hunter2"')`))).not.toContain('hunter2');
  });

  it('is refused where it was ended by a signal', async () => {
    const error = await refused(`process.kill(process.pid,'SIGKILL')`);
    expect([error.code, error.problems[0].problem]).toEqual([
      'CLONE_PROGRAM_FAILED',
      expect.stringContaining('SIGKILL'),
    ]);
  });

  it('is ended at its deadline, with all that it started', async () => {
    const file = join(folder, 'child');
    const began = performance.now();
    const error = await refused(
      `const {spawn}=await import('node:child_process');const child=spawn(process.execPath,['-e',"process.on('SIGTERM',()=>0);setInterval(()=>0,1000)"],{stdio:'inherit'});(await import('node:fs')).writeFileSync(${JSON.stringify(file)},String(child.pid));process.on('SIGTERM',()=>0);setInterval(()=>0,1000)`,
      { deadline: 1500 as Milliseconds },
    );
    expect(error.code).toBe('CLONE_PROGRAM_DEADLINE');
    expect(performance.now() - began).toBeLessThan(10_000);
    await sleep(200);
    expect(isRunning(Number(readFileSync(file, 'utf8')))).toBe(false);
  });

  it('leaves no process behind once it has answered', async () => {
    const file = join(folder, 'left');
    const { program } = await call(
      `const {spawn}=await import('node:child_process');const child=spawn(process.execPath,['-e','setInterval(()=>0,1000)'],{stdio:'inherit'});child.unref();(await import('node:fs')).writeFileSync(${JSON.stringify(file)},String(child.pid));answer({program:'p'});setTimeout(()=>process.exit(0),50)`,
    );
    await sleep(200);
    expect([program, isRunning(Number(readFileSync(file, 'utf8')))]).toEqual(['p', false]);
  });

  it('is ended where the command is interrupted', async () => {
    const ending = new AbortController();
    setTimeout(() => ending.abort(), 300);
    await expect(callProgram(setupOf('setInterval(()=>0,1000)'), request, ending.signal)).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
  });

  it('may leave its request unread', async () => {
    const big = { ...request, place: 'x'.repeat(2e6) };
    const setup = { ...setupOf(''), command: [process.execPath, '-e', `console.log('{}')`] } as ProgramSetup;
    await expect(callProgram(setup, big)).rejects.toMatchObject({ code: 'CLONE_PROGRAM_ANSWER' });
  });

  it('is named where it cannot be started', async () => {
    const file = join(folder, 'plain.mjs');
    writeFileSync(file, '', { mode: 0o644 });
    for (const command of [[join(folder, 'none')], ['oneroof-no-such-program'], [file], [folder]] as const)
      expect(await refused('', { command })).toMatchObject({
        code: 'CLONE_PROGRAM_START',
        message: expect.stringContaining(command[0]),
      });
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // one that was ended and not waited for yet is none
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
