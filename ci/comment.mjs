// Puts a Markdown file into the pull request as one comment, and replaces it in the next run. Without a token or a pull request it does nothing.
// Usage: node comment.mjs FILE. The first line of the file is the marker by which the comment is found again.
import { readFileSync } from 'node:fs';
import { readEvent } from './event.mjs';

const { GITHUB_TOKEN: token = '', GITHUB_API_URL: api, GITHUB_REPOSITORY: repository } = process.env;
const body = readFileSync(process.argv[2], 'utf8');
const [marker] = body.split('\n', 1);
const number = token === '' ? null : (readEvent().pull_request?.number ?? null);

/** Asks the API; what it refuses is said, and fails nothing: a fork's token may only read. */
async function ask(method, path, json) {
  const answer = await fetch(`${api}/repos/${repository}/issues/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/vnd.github+json',
      'content-type': 'application/json',
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  if (!answer.ok) throw new Error(`the API answered ${answer.status}`);
  return answer.json();
}

/** The comment of an earlier run. One that a person wrote is left alone, whatever it begins with. */
async function earlier() {
  for (let page = 1; ; page += 1) {
    const comments = await ask('GET', `${number}/comments?per_page=100&page=${page}`);
    const found = comments.find(
      ({ user, body: text }) => user?.type === 'Bot' && text?.split(/\r?\n/, 1)[0] === marker,
    );
    if (found !== undefined || comments.length < 100) return found;
  }
}

if (number !== null)
  try {
    const found = await earlier();
    if (found === undefined) await ask('POST', `${number}/comments`, { body });
    else await ask('PATCH', `comments/${found.id}`, { body });
  } catch (error) {
    console.log(`no comment was written: ${error.message}; it needs the permission pull-requests: write`);
  }
