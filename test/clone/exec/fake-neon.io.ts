import { type Call, copiesOf, only, type Reply } from './fake-http.io.ts';
import { type Service } from './service.io.ts';

interface NeonBranch {
  readonly id: string;
  readonly name: string;
  readonly parent_id?: string;
  readonly parent_lsn?: string;
  readonly created_at: string;
  expires_at?: string;
  current_state: 'init' | 'ready' | 'resetting';
  pending_state?: 'ready';
}

export const neonKey = 'napi_secret_key';
export const neonPassword = 'npg_secret/password';

/** A project of Neon as the reference of its API has it, as far as the example uses it. */
export function fakeNeon(service: Service, { port }: { readonly port: number }) {
  const copies = copiesOf(service);
  const main: NeonBranch = {
    id: 'br-main-1',
    name: 'main',
    created_at: '2026-11-01T00:00:00Z',
    current_state: 'ready',
  };
  const branches = new Map<string, NeonBranch>([[main.id, main]]);
  const computes = new Set([main.id]);
  /** The databases of the branches, which have all one name for their users; here the server is shared, so the branch's id is in it. */
  const databaseOf = (id: string): string => (id === main.id ? 'shop' : id);
  let drawn = 0;
  let isBusy = false;
  const failed = (status: number, message: string): Reply => ({ status, body: { message, code: '' } });
  const begin = (branch: NeonBranch, state: NeonBranch['current_state']): void => {
    Object.assign(branch, { current_state: state, pending_state: 'ready' });
  };
  const create = async (body: Call['body']): Promise<Reply> => {
    only(body, ['branch', 'endpoints', 'annotation_value']);
    const asked = body['branch'] as { name: string; parent_id: string; expires_at?: string };
    only(asked, [
      'name',
      'parent_id',
      'parent_lsn',
      'parent_timestamp',
      'protected',
      'archived',
      'init_source',
      'expires_at',
    ]);
    isBusy = !isBusy;
    if (isBusy) return failed(423, 'project already has running operations, scheduling of new ones is prohibited');
    if ([...branches.values()].some(({ name }) => name === asked.name)) return failed(409, 'branch already exists');
    if (!branches.has(asked.parent_id)) return failed(404, 'parent branch not found');
    drawn += 1;
    const branch: NeonBranch = {
      ...asked,
      id: `br-test-${drawn}`,
      parent_lsn: '0/1AA6408',
      created_at: new Date().toISOString().replace(/\.\d+/, ''),
      current_state: 'init',
      pending_state: 'ready',
    };
    await copies.make(databaseOf(branch.id), databaseOf(asked.parent_id));
    branches.set(branch.id, branch);
    const endpoints = (body['endpoints'] ?? []) as readonly { readonly type: string }[];
    if (endpoints.length > 0) computes.add(branch.id);
    return { status: 201, body: { branch: { ...branch }, endpoints, operations: [], roles: [], databases: [] } };
  };
  const list = (query: URLSearchParams): Reply => {
    const search = query.get('search') ?? '';
    const all = [...branches.values()].filter(({ name, id }) => name.includes(search) || id.includes(search));
    // pages of two, whatever was asked for
    const from = Number(query.get('cursor') ?? 0);
    const next = from + 2 < all.length ? { next: String(from + 2) } : {};
    return { status: 200, body: { branches: all.slice(from, from + 2), pagination: { sort_by: 'name', ...next } } };
  };
  const answer = async ({ method, path, query, headers, body }: Call): Promise<Reply> => {
    if (headers.authorization !== `Bearer ${neonKey}`)
      return failed(401, 'supplied credentials do not pass authentication');
    const rest = /^\/projects\/autumn-disk-1(.*)$/.exec(path)?.[1];
    if (rest === undefined) return failed(404, 'project not found');
    if (method === 'GET' && rest === '') return { status: 200, body: { project: { name: 'shop', pg_version: 18 } } };
    if (rest === '/branches') return method === 'POST' ? create(body) : list(query);
    if (rest === '/connection_uri') {
      const id = query.get('branch_id') ?? main.id;
      if (query.get('role_name') !== 'postgres' || query.get('database_name') !== 'neondb')
        return failed(404, 'no such role');
      if (!computes.has(id)) return failed(404, 'endpoint not found');
      const login = `postgres:${encodeURIComponent(neonPassword)}`;
      return {
        status: 200,
        body: { uri: `postgresql://${login}@127.0.0.1:${port}/${databaseOf(id)}?sslmode=disable` },
      };
    }
    const [, id = '', action = ''] = /^\/branches\/([^/]+)(\/.*)?$/.exec(rest) ?? [];
    const branch = branches.get(id);
    if (branch === undefined) return failed(404, 'branch not found');
    switch (`${method} ${action}`) {
      case 'GET ': {
        const shown = { ...branch };
        // the next one that asks finds it ready
        branch.current_state = 'ready';
        delete branch.pending_state;
        return { status: 200, body: { branch: shown } };
      }
      case 'PATCH ': {
        only(body, ['branch']);
        const asked = body['branch'] as { expires_at: string };
        only(asked, ['name', 'protected', 'expires_at']);
        branch.expires_at = asked.expires_at;
        return { status: 200, body: { branch, operations: [] } };
      }
      case 'POST /restore': {
        only(body, ['source_branch_id', 'source_lsn', 'source_timestamp', 'preserve_under_name']);
        const source = String(body['source_branch_id']);
        if (!branches.has(source) || source === id) return failed(400, 'source_branch_id');
        await copies.drop(databaseOf(id));
        await copies.make(databaseOf(id), databaseOf(source));
        begin(branch, 'resetting');
        return { status: 200, body: { branch, operations: [] } };
      }
      case 'DELETE ': {
        const hasChild = [...branches.values()].some((one) => one.parent_id === id);
        if (hasChild || branch === main) return failed(422, 'branch has children, or is the root');
        branches.delete(id);
        await copies.drop(databaseOf(id));
        return { status: 200, body: { branch, operations: [] } };
      }
      default:
        return failed(404, 'no such path');
    }
  };
  return { answer, branches };
}
