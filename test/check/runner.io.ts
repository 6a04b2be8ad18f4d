import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..', '..');

/** action.yml, as a runner reads it. */
export const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly runs: {
    readonly steps: readonly {
      readonly run?: string;
      readonly uses?: string;
      readonly env?: Readonly<Record<string, string>>;
    }[];
  };
};

/** What a step left behind. */
export interface StepDone {
  readonly status: number | null;
  readonly log: string;
  readonly output: string;
  readonly summary: string;
}

/** Runs the last step of the action as a runner does: inputs as variables, an event, files for output and summary; `env` is what the job gives the step. */
export async function runStep(of: {
  readonly folder: string;
  /** Where the checkout is. */
  readonly repository: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly event?: object;
  readonly env?: Readonly<Record<string, string>>;
}): Promise<StepDone> {
  const temp = mkdtempSync(join(of.folder, 'runner-'));
  const [run] = action.runs.steps.slice(-1);
  const inputs = Object.fromEntries(
    Object.entries(run?.env ?? {}).map(([name, value]) => {
      const [, input = ''] = /^\$\{\{ inputs\.(\w+) \}\}$/.exec(value) ?? [];
      return [name, of.inputs?.[input] ?? action.inputs[input]?.default ?? ''];
    }),
  );
  const files = { GITHUB_OUTPUT: join(temp, 'output'), GITHUB_STEP_SUMMARY: join(temp, 'summary') };
  for (const file of Object.values(files)) writeFileSync(file, '');
  const event = join(temp, 'event.json');
  writeFileSync(event, JSON.stringify(of.event ?? {}));
  const child = spawn('sh', ['-c', run?.run ?? ''], {
    cwd: of.repository,
    env: {
      PATH: process.env['PATH'],
      HOME: temp,
      TMPDIR: tmpdir(),
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTION_PATH: root,
      GITHUB_EVENT_PATH: event,
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_REPOSITORY: 'ours/shop',
      RUNNER_TEMP: temp,
      ...files,
      ...inputs,
      ...of.env,
    },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (log += String(part)));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    status,
    log,
    output: readFileSync(files.GITHUB_OUTPUT, 'utf8'),
    summary: readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8'),
  };
}

/** Writes a comment as the step does, and gives what it says. */
export async function comment(
  file: string,
  of: { readonly event: object; readonly env: Readonly<Record<string, string>> },
): Promise<string> {
  const event = `${file}.event.json`;
  writeFileSync(event, JSON.stringify(of.event));
  const child = spawn(process.execPath, [join(root, 'ci', 'comment.mjs'), file], {
    env: { GITHUB_EVENT_PATH: event, GITHUB_REPOSITORY: 'ours/shop', ...of.env },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (log += String(part)));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (status !== 0) throw new Error(log);
  return log;
}

/** A comment as the API of GitHub has it. */
export interface ApiComment {
  readonly id: number;
  readonly user: { readonly type: string };
  body: string;
}

/** Hands over an API that keeps comments of pull request 7, for one token. */
export async function withApi<T>(
  comments: ApiComment[],
  use: (api: { readonly env: Readonly<Record<string, string>>; readonly asked: readonly string[] }) => Promise<T>,
): Promise<T> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => (text += String(part)));
    request.on('end', () => {
      const path = (request.url ?? '').replace('/repos/ours/shop/issues/', '');
      const answer = (status: number, value: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      };
      if (request.headers.authorization !== 'Bearer may-comment') return answer(403, {});
      asked.push(`${request.method} ${path}`);
      const { body = '' } = (text === '' ? {} : JSON.parse(text)) as { readonly body?: string };
      if (request.method === 'GET' && path.startsWith('7/comments?')) {
        const page = Number(new URLSearchParams(path.split('?')[1]).get('page'));
        return answer(200, comments.slice((page - 1) * 100, page * 100));
      }
      if (request.method === 'POST' && path === '7/comments') {
        comments.push({ id: 1000 + comments.length, user: { type: 'Bot' }, body });
        return answer(201, {});
      }
      const found = comments.find(({ id }) => path === `comments/${id}`);
      if (request.method !== 'PATCH' || found === undefined) return answer(404, {});
      found.body = body;
      answer(200, {});
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await use({ env: { GITHUB_API_URL: `http://127.0.0.1:${port}`, GITHUB_TOKEN: 'may-comment' }, asked });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
