// Clones of a Database Lab Engine, for the clone provider "exec" of One Roof. Not run against the real service.
//
// API: DBLab 4.2 (openapi: /snapshots, /clones, /clone, /clone/{id}, /clone/{id}/reset). Variables: DBLAB_URL, DBLAB_TOKEN, DBLAB_CLONE_PASSWORD;
// and, where they are listed under `env`: DBLAB_CLONE_USER (oneroof), DBLAB_DATABASE (postgres), DBLAB_BRANCH (main).
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const {
  DBLAB_URL,
  DBLAB_TOKEN,
  DBLAB_CLONE_PASSWORD,
  DBLAB_CLONE_USER = 'oneroof',
  DBLAB_DATABASE = 'postgres',
} = process.env;
const { DBLAB_BRANCH = 'main' } = process.env;
const pause = Number(process.env.DBLAB_PAUSE_MS ?? 1000);

/** Calls the API; null where there is no such object. */
async function call(method, path, body) {
  const response = await fetch(`${DBLAB_URL.replace(/\/$/, '')}${path}`, {
    method,
    headers: { 'Verification-Token': DBLAB_TOKEN, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
  return text === '' ? {} : JSON.parse(text);
}

const pathOf = (name) => `/clone/${encodeURIComponent(name)}`;

/** The clone once it can be connected to. */
async function ready(name) {
  for (;;) {
    const clone = await call('GET', pathOf(name));
    if (clone === null) throw new Error(`clone ${name} is not there`);
    const { code, message } = clone.status;
    if (code === 'OK') return clone;
    if (code === 'FATAL') throw new Error(`clone ${name}: ${message}`);
    await sleep(pause);
  }
}

const connected = ({ id, db }) => ({
  id,
  connection: {
    host: db.host,
    port: Number(db.port),
    user: db.username,
    database: db.dbName || DBLAB_DATABASE,
    passwordFrom: 'DBLAB_CLONE_PASSWORD',
  },
});

/** The engine drops idle clones that are not protected, so each is protected for as long as it is wanted. */
const protection = ({ expires }) => ({
  protected: true,
  protectionDurationMinutes: Math.max(1, Math.ceil((Date.parse(expires) - Date.now()) / 60_000)),
});

const verbs = {
  async probe() {
    const { engine, status } = await call('GET', '/status');
    return { program: `Database Lab ${engine.version}, ${status.code}` };
  },

  // snapshots are the engine's: it takes and drops them by its own timetable, so the newest one is the golden copy
  async golden() {
    const snapshots = await call('GET', `/snapshots?branch=${encodeURIComponent(DBLAB_BRANCH)}`);
    const [newest] = snapshots.sort((a, b) => b.dataStateAt.localeCompare(a.dataStateAt));
    if (newest === undefined) throw new Error(`branch ${DBLAB_BRANCH} has no snapshot`);
    const takenAt = new Date(newest.dataStateAt).toISOString();
    return { id: newest.id, takenAt, said: [`snapshot ${newest.id}, data of ${takenAt}`] };
  },

  async clone(asked) {
    const found = await call('GET', pathOf(asked.name));
    if (found === null)
      await call('POST', '/clone', {
        id: asked.name,
        snapshot: { id: asked.golden.id },
        ...protection(asked),
        db: { username: DBLAB_CLONE_USER, password: DBLAB_CLONE_PASSWORD, restricted: false, db_name: DBLAB_DATABASE },
      });
    else await call('PATCH', pathOf(asked.name), protection(asked));
    return connected(await ready(asked.name));
  },

  async reset(asked) {
    await call('POST', `${pathOf(asked.name)}/reset`, { snapshotID: asked.golden.id, latest: false });
    return connected(await ready(asked.name));
  },

  async drop({ kind, name }) {
    if (kind === 'golden') return {};
    // a protected clone is not dropped
    if ((await call('PATCH', pathOf(name), { protected: false })) === null) return {};
    await call('DELETE', pathOf(name));
    while ((await call('GET', pathOf(name))) !== null) await sleep(pause);
    return {};
  },

  async list({ place }) {
    const clones = await call('GET', '/clones');
    const own = clones.filter(({ id }) => id.startsWith(`${place}-`));
    return { objects: own.map(({ id }) => ({ kind: 'clone', name: id, id })) };
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
