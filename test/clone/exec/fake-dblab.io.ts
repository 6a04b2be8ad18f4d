import { type Call, copiesOf, only, type Reply } from './fake-http.io.ts';
import { type Service } from './service.io.ts';

interface DblabClone {
  readonly snapshot: string;
  readonly user: string;
  protected: boolean;
  /** How often it is asked for until its state is OK, or it is gone. */
  asked: number;
  state: 'CREATING' | 'OK' | 'RESETTING' | 'DELETING';
}

export const dblabToken = 'dblab-secret-token';

/** A Database Lab Engine as its OpenAPI document of 4.2 has it, as far as the example uses it. */
export function fakeDblab(service: Service) {
  const copies = copiesOf(service);
  const clones = new Map<string, DblabClone>();
  const users = new Set<string>();
  const snapshots = [
    { id: 'pool/main/20261101000000@20261101000000', dataStateAt: '2026-11-01T00:00:00Z', database: 'old' },
    { id: 'pool/main/20261129000000@20261129000000', dataStateAt: '2026-11-29T00:00:00Z', database: 'shop' },
  ];
  const failed = (status: number, code: string, message: string): Reply => ({ status, body: { code, message } });
  const gone = failed(404, 'NOT_FOUND', 'Requested object does not exist. Specify your request.');
  const shown = (name: string, clone: DblabClone): object => ({
    id: name,
    snapshot: { id: clone.snapshot, dataStateAt: '2026-11-29T00:00:00Z' },
    branch: 'main',
    protected: clone.protected,
    deleteAt: null,
    createdAt: '2026-11-30T00:00:00Z',
    status: { code: clone.state, message: `Clone is ${clone.state}.` },
    db:
      clone.state === 'CREATING'
        ? { connStr: '', host: '', port: '', username: clone.user, password: '', dbName: 'postgres' }
        : {
            connStr: 'hidden',
            host: copies.host,
            port: String(copies.port),
            username: clone.user,
            password: '',
            dbName: name,
          },
    metadata: { cloneDiffSize: 0, logicalSize: 0, cloningTime: 1, maxIdleMinutes: 120 },
  });
  const databaseOf = (snapshot: string): string => snapshots.find(({ id }) => id === snapshot)?.database ?? 'none';
  const advance = (name: string, clone: DblabClone): DblabClone | null => {
    clone.asked += 1;
    if (clone.asked > 1 && clone.state === 'DELETING') clones.delete(name);
    else if (clone.asked > 1) clone.state = 'OK';
    return clones.get(name) ?? null;
  };
  const create = async (body: Call['body']): Promise<Reply> => {
    only(body, ['id', 'snapshot', 'branch', 'protected', 'protectionDurationMinutes', 'db', 'extra_conf']);
    const {
      id: name,
      snapshot,
      db,
    } = body as { id: string; snapshot: { id: string }; db: { username: string; password: string } };
    only(db, ['username', 'password', 'restricted', 'db_name']);
    if (clones.has(name)) return failed(400, 'BAD_REQUEST', 'clone with such ID already exists');
    if (!db.username || !db.password) return failed(400, 'BAD_REQUEST', 'missing both DB username and password');
    if (databaseOf(snapshot.id) === 'none') return failed(400, 'BAD_REQUEST', 'snapshot not found');
    if (!users.has(db.username)) await copies.role(db.username);
    users.add(db.username);
    await copies.make(name, databaseOf(snapshot.id));
    const clone: DblabClone = {
      snapshot: snapshot.id,
      user: db.username,
      protected: body['protected'] === true,
      asked: 0,
      state: 'CREATING',
    };
    clones.set(name, clone);
    return { status: 201, body: shown(name, clone) };
  };
  const answer = async ({ method, path, query, headers, body }: Call): Promise<Reply> => {
    if (headers['verification-token'] !== dblabToken)
      return failed(401, 'UNAUTHORIZED', 'Check your verification token.');
    const route = `${method} ${path.replace(/^\/clone\/[^/]+/, '/clone/*')}`;
    const name = decodeURIComponent(/^\/clone\/([^/]+)/.exec(path)?.[1] ?? '');
    const clone = clones.get(name);
    if (route === 'GET /status')
      return {
        status: 200,
        body: { status: { code: 'OK', message: 'Instance is ready' }, engine: { version: 'v4.2.1' } },
      };
    if (route === 'GET /snapshots')
      return query.get('branch') === 'main'
        ? {
            status: 200,
            body: snapshots.map(({ id, dataStateAt }) => ({
              id,
              createdAt: dataStateAt,
              dataStateAt,
              pool: 'pool',
              numClones: 0,
            })),
          }
        : failed(400, 'BAD_REQUEST', 'branch not found');
    if (route === 'GET /clones') return { status: 200, body: [...clones].map(([id, one]) => shown(id, one)) };
    if (route === 'POST /clone') return create(body);
    if (!route.includes('/clone/*')) return failed(404, 'NOT_FOUND', 'no such path');
    if (clone === undefined) return gone;
    switch (route) {
      case 'GET /clone/*': {
        const now = advance(name, clone);
        return now === null ? gone : { status: 200, body: shown(name, now) };
      }
      case 'PATCH /clone/*':
        only(body, ['protected', 'protectionDurationMinutes']);
        clone.protected = body['protected'] === true;
        return { status: 200, body: shown(name, clone) };
      case 'DELETE /clone/*':
        if (clone.protected) return failed(400, 'BAD_REQUEST', 'clone is protected');
        await copies.drop(name);
        Object.assign(clone, { state: 'DELETING', asked: 0 });
        return { status: 200 };
      case 'POST /clone/*/reset':
        only(body, ['snapshotID', 'latest']);
        if (clone.state !== 'OK') return failed(400, 'BAD_REQUEST', 'clone is not started yet');
        await copies.drop(name);
        await copies.make(name, databaseOf(String(body['snapshotID'])));
        Object.assign(clone, { state: 'RESETTING', asked: 0 });
        return { status: 200 };
      default:
        return failed(404, 'NOT_FOUND', 'no such path');
    }
  };
  return { answer, clones };
}
