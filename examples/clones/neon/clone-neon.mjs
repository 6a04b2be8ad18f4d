// Branches of a Neon project, for the clone provider "exec" of One Roof. Not run against the real service.
//
// API: https://api-docs.neon.tech (branches, endpoints, connection_uri). Variables: NEON_API_KEY, NEON_PROJECT_ID, NEON_PARENT_BRANCH (the id of
// production's branch, br-…), NEON_DATABASE, NEON_ROLE (its owner); and, where it is listed under `env`: NEON_API_URL.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const { NEON_API_KEY, NEON_PROJECT_ID, NEON_PARENT_BRANCH, NEON_DATABASE, NEON_ROLE } = process.env;
const { NEON_API_URL = 'https://console.neon.tech/api/v2' } = process.env;
const pause = Number(process.env.NEON_PAUSE_MS ?? 1000);
const project = `/projects/${encodeURIComponent(NEON_PROJECT_ID)}`;

/** Calls the API; null where there is no such object. A project that is busy with another operation answers 423: it is asked again. */
async function call(method, path, body) {
  for (;;) {
    const response = await fetch(`${NEON_API_URL}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${NEON_API_KEY}`,
        Accept: 'application/json',
        'Content-Type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status === 404) return null;
    if ([423, 429, 503].includes(response.status)) await sleep(pause);
    else if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
    else return text === '' ? {} : JSON.parse(text);
  }
}

/** All branches whose name begins with this; the API searches in names and ids. */
async function branches(prefix) {
  const found = [];
  let cursor = '';
  for (;;) {
    const page = await call('GET', `${project}/branches?search=${encodeURIComponent(prefix)}&limit=1000${cursor}`);
    found.push(...page.branches.filter(({ name }) => name.startsWith(prefix)));
    const next = page.pagination?.next;
    if (!next || page.branches.length === 0) return found;
    cursor = `&cursor=${encodeURIComponent(next)}`;
  }
}

const named = async (name) => (await branches(name)).find((branch) => branch.name === name) ?? null;
const pathOf = ({ id }) => `${project}/branches/${encodeURIComponent(id)}`;

async function ready(branch) {
  for (;;) {
    const { branch: now } = await call('GET', pathOf(branch));
    if (now.current_state === 'ready' && !now.pending_state) return now;
    await sleep(pause);
  }
}

/** The branch of this name: it is made where it is not there. Two calls at once make one, because Neon refuses a name that is taken. */
async function branchOf(name, body) {
  const found = await named(name);
  if (found !== null) return ready(found);
  const { branch } = await call('POST', `${project}/branches`, { ...body, branch: { name, ...body.branch } });
  return ready(branch);
}

async function connected(branch) {
  const query = new URLSearchParams({
    branch_id: branch.id,
    database_name: NEON_DATABASE,
    role_name: NEON_ROLE,
    pooled: 'false',
  });
  const { uri } = await call('GET', `${project}/connection_uri?${query}`);
  const { hostname, port, username, password, pathname, searchParams } = new URL(uri);
  return {
    id: branch.id,
    connection: {
      host: hostname,
      port: Number(port || 5432),
      user: decodeURIComponent(username),
      database: decodeURIComponent(pathname.slice(1)),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      ...(searchParams.has('sslmode') ? { sslmode: searchParams.get('sslmode') } : {}),
    },
  };
}

const verbs = {
  async probe() {
    const { project: of } = await call('GET', project);
    return { program: `Neon project ${of.name}, PostgreSQL ${of.pg_version}` };
  },

  // without a compute: nothing can be written there
  async golden({ name }) {
    const branch = await branchOf(name, { branch: { parent_id: NEON_PARENT_BRANCH } });
    const takenAt = new Date(branch.created_at).toISOString();
    return { id: branch.id, takenAt, said: [`branch of ${branch.parent_id} at ${branch.parent_lsn}`] };
  },

  async clone({ name, golden, expires }) {
    const branch = await branchOf(name, {
      endpoints: [{ type: 'read_write' }],
      branch: { parent_id: golden.id, expires_at: expires },
    });
    if (Date.parse(branch.expires_at ?? 0) !== Date.parse(expires))
      await call('PATCH', pathOf(branch), { branch: { expires_at: expires } });
    return connected(branch);
  },

  async reset({ name, golden }) {
    const branch = await named(name);
    if (branch === null) throw new Error(`branch ${name} is not there`);
    await call('POST', `${pathOf(branch)}/restore`, { source_branch_id: golden.id });
    return connected(await ready(branch));
  },

  async drop({ name }) {
    const branch = await named(name);
    if (branch === null) return {};
    await call('DELETE', pathOf(branch));
    while ((await named(name)) !== null) await sleep(pause);
    return {};
  },

  async list({ place }) {
    const own = await branches(`${place}-`);
    const kind = ({ name }) => (name.startsWith(`${place}-g-`) ? 'golden' : 'clone');
    return { objects: own.map((branch) => ({ kind: kind(branch), name: branch.name, id: branch.id })) };
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
