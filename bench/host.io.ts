import { type CloneHost, openCloneHost } from '../src/clone/index.ts';
import { id, sql } from '../src/database/index.ts';
import { type Bench } from './servers.io.ts';

/** Hands over a clone host with a golden copy of a database of the same server, and removes the copy. */
export async function withHost<T>(
  { server, admin }: Bench,
  source: string,
  use: (host: CloneHost) => Promise<T>,
): Promise<T> {
  const connection = server.connection('postgres');
  const host = await openCloneHost({ provider: 'template', admin: connection, source, sameServer: true });
  try {
    await host.makeGolden({});
    return await use(host);
  } finally {
    const golden = await host.golden();
    await host.close();
    if (golden !== null) {
      await admin.query(sql`alter database ${id(golden.database)} with is_template false`);
      await admin.query(sql`drop database ${id(golden.database)}`);
    }
  }
}
