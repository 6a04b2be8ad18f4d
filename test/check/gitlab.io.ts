import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..', '..');
type Environment = Readonly<Record<string, string | undefined>>;

/** ci/gitlab.yml, as GitLab reads it. */
const jobs = parse(readFileSync(join(root, 'ci', 'gitlab.yml'), 'utf8')) as Readonly<
  Record<string, { readonly script: readonly string[] }>
>;

/** What a merge request of project 5 from its own branch sets. */
export const ofMergeRequest: Environment = {
  CI_PIPELINE_SOURCE: 'merge_request_event',
  CI_PROJECT_ID: '5',
  CI_MERGE_REQUEST_PROJECT_ID: '5',
  CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '5',
  CI_MERGE_REQUEST_IID: '7',
  CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main',
};

/** What a job left behind; null: no such file. */
export interface JobDone {
  readonly status: number | null;
  readonly log: string;
  readonly outputs: string | null;
  readonly markdown: string | null;
}

/** Runs the script of a job as GitLab's runner does: all its lines in one shell, in the checkout. One Roof is this one, built already. */
export async function runJob(
  name: string,
  of: { readonly checkout: string; readonly env: Environment },
): Promise<JobDone> {
  const child = spawn('sh', ['-ec', jobs[name]?.script.join('\n') ?? 'exit 99'], {
    cwd: of.checkout,
    env: {
      PATH: process.env['PATH'],
      HOME: of.checkout,
      TMPDIR: tmpdir(),
      GITLAB_CI: 'true',
      CI_PROJECT_DIR: of.checkout,
      ONEROOF_HOME: root,
      ...of.env,
    },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (log += String(part)));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const read = (file: string): string | null => {
    const path = join(of.checkout, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : null;
  };
  return { status, log, outputs: read('oneroof-release.env'), markdown: read('oneroof-release.md') };
}

/** A note as GitLab's API has it. */
export interface ApiNote {
  readonly id: number;
  readonly author: { readonly id: number };
  readonly system: boolean;
  body: string;
}

/** The user of the token. */
export const tokenUser = 40;

/** Hands over an API that keeps the notes of merge request 7 of project 5, for one token. */
export async function withGitlabApi<T>(
  notes: ApiNote[],
  use: (api: { readonly env: Environment; readonly asked: readonly string[] }) => Promise<T>,
): Promise<T> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => (text += String(part)));
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://localhost');
      const path = url.pathname.replace('/api/v4/', '').replace('projects/5/merge_requests/7/', '');
      const answer = (status: number, value: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      };
      if (request.headers['private-token'] !== 'may-comment') return answer(401, {});
      asked.push(`${request.method} ${path}`);
      const { body = '' } = (text === '' ? {} : JSON.parse(text)) as { readonly body?: string };
      if (request.method === 'GET' && path === 'user') return answer(200, { id: tokenUser });
      if (request.method === 'GET' && path === 'notes') {
        const page = Number(url.searchParams.get('page'));
        return answer(200, notes.slice((page - 1) * 100, page * 100));
      }
      if (request.method === 'POST' && path === 'notes') {
        notes.push({ id: 1000 + notes.length, author: { id: tokenUser }, system: false, body });
        return answer(201, {});
      }
      const found = notes.find(({ id }) => path === `notes/${id}`);
      if (request.method !== 'PUT' || found === undefined) return answer(404, {});
      found.body = body;
      answer(200, {});
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const env = { CI_API_V4_URL: `http://127.0.0.1:${port}/api/v4`, ONEROOF_GITLAB_TOKEN: 'may-comment' };
  try {
    return await use({ env, asked });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
