import { createHash } from 'node:crypto';
import { sql } from '../../database/index.ts';
import { type SiteServices } from '../site-services.ts';
import { type Readings } from './readings.io.ts';

/** A mark that changes when the pages of people change: from all that targets say, and all drafts, requests and open invitations. The same on every server. */
export async function peopleMark({ state }: Pick<SiteServices, 'state'>, readings: Readings): Promise<string> {
  const there = await readings.all();
  const [row] = await state.pool.use((session) =>
    session.query<{ mark: string | null }>(sql`
      select encode(sha256(convert_to(string_agg(line, ' ' order by line), 'UTF8')), 'hex') as mark from (
        select 'draft ' || follows || document from oneroof_server.drafts
        union all select 'change ' || digest from oneroof_server.changes
        union all select 'ending ' || target || ' ' || kind || ' ' || seal || ' ' || reason from oneroof_server.endings
        union all select 'invitation ' || hash from oneroof_server.invitations where used_at is null and until > now()
      ) as rows (line)`),
  );
  return createHash('sha256')
    .update(`${JSON.stringify(there)} ${row?.mark ?? ''}`)
    .digest('hex');
}
