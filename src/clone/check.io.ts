import { OneRoofError, printable, stated } from '../core/index.ts';
import { openSession, type Session, sql } from '../database/index.ts';
import { type CloneSetup, type Target } from '../setup/index.ts';
import { type BasebackupSetup, findBackupProblems } from './basebackup/index.ts';
import { requireDumpRights } from './dump/source.io.ts';
import { type DumpSetup } from './dump/fill.io.ts';
import { findBlindTargets } from './exec/production-guard.io.ts';
import { type ProgramSetup, probeProgram } from './exec/call-program.io.ts';
import { nearestFolder } from './look.io.ts';
import { requireMasks } from './mask/mask-copy.io.ts';
import { requireSample } from './sample/require-sample.io.ts';
import { binariesOf, copiedFrom, refuseUnreachable } from './take-copy.io.ts';
import { type PhysicalSetup, readSource } from './providers/physical.io.ts';
import { refuseSameServer, type TemplateSetup } from './providers/template.io.ts';

/** What prevents making clones, and how to fix it. */
export interface CloneProblem {
  readonly text: string;
  readonly fix: string;
}

/** Finds what would prevent making clones with these settings, as far as this can be checked without making one. Nothing is written. */
export async function findCloneProblems(
  setup: CloneSetup,
  targets: readonly Target[],
): Promise<readonly CloneProblem[]> {
  try {
    refuseObserver(setup, targets);
    if (setup.provider === 'exec') return await ofProgram(setup, targets);
    if (setup.provider === 'template') refuseSameServer(setup);
    const session = await openSession(setup.provider === 'template' ? setup.admin : copiedFrom(setup), {
      applicationName: 'oneroof doctor',
    });
    try {
      // the administrator of a template is not connected to the source
      if (setup.provider !== 'template') await requireMasks(session, setup.mask);
      if (setup.provider === 'template') return await ofTemplate(session, setup);
      if (setup.provider === 'basebackup') return await ofBasebackup(session, setup);
      return setup.provider === 'dump' ? await ofDump(session, setup) : await ofPhysical(session, setup);
    } finally {
      await session.close();
    }
  } catch (error) {
    if (!(error instanceof OneRoofError)) throw error;
    return error.problems.map(({ problem, fix }) => ({ text: problem, fix }));
  }
}

/**
 * Refuses to copy as an observer: the role of a copy reads every row, and the observer need not.
 *
 * Errors  CONFIG_INVALID.
 */
export function refuseObserver(setup: CloneSetup, targets: readonly Target[]): void {
  if (setup.provider !== 'dump' && setup.provider !== 'basebackup') return;
  const key = setup.provider === 'dump' ? 'dump' : 'backup';
  const { user } = copiedFrom(setup);
  const target = targets.find((one) => one.observer.user === user);
  if (target === undefined) return;
  throw new OneRoofError('CONFIG_INVALID', {
    ...stated`${{ role: printable(user) }}, the role of clone.${{ key }}, is the observer of target ${{ target: target.name }}`,
    fix: `give clone.${key} a role of its own: ${key === 'dump' ? 'oneroof grants --for-dump' : 'oneroof grants --for-basebackup'} prints its SQL`,
  });
}

/** Starts the program, asks it who it is, and makes sure that a clone could be told from every target. */
async function ofProgram(setup: ProgramSetup, targets: readonly Target[]): Promise<readonly CloneProblem[]> {
  await probeProgram(setup);
  await findBlindTargets(targets);
  return [];
}

async function ofDump(session: Session, setup: DumpSetup): Promise<readonly CloneProblem[]> {
  await requireSample(session, setup.sample);
  await requireDumpRights(session);
  refuseUnreachable(nearestFolder(setup.folder), binariesOf(setup, Math.floor(session.serverVersion / 10_000)));
  return [];
}

async function ofBasebackup(session: Session, setup: BasebackupSetup): Promise<readonly CloneProblem[]> {
  const folder = nearestFolder(setup.folder);
  refuseUnreachable(folder, binariesOf(setup, Math.floor(session.serverVersion / 10_000)));
  return findBackupProblems(session, { setup, folder });
}

async function ofTemplate(session: Session, { source }: TemplateSetup): Promise<readonly CloneProblem[]> {
  const rows = await session.query<{ text: string; fix: string }>(sql`
    with me as (select rolname, rolsuper, rolcreatedb from pg_catalog.pg_roles where rolname = current_user),
    source as (select * from pg_catalog.pg_database where datname = ${source})
    select format('%s, the role of admin, may not create databases', rolname) as text, format('as a superuser: alter role %I createdb;', rolname) as fix
      from me where not rolsuper and not rolcreatedb
    union all select format('the server of admin has no database %I to copy', ${source}::text), 'correct "source:" of the clone provider: the database must be on the server of "admin:"'
      where not exists (select from source)
    union all select format('%s, the role of admin, may not copy %I, which %s owns', me.rolname, s.datname, pg_get_userbyid(s.datdba)),
        format('as a superuser: grant %I to %I%s;', pg_get_userbyid(s.datdba), me.rolname, case when current_setting('server_version_num')::int >= 160000 then ' with inherit true' else '' end)
      from me, source s where not me.rolsuper and not s.datistemplate and not pg_has_role(s.datdba, 'USAGE')
    order by 1`);
  return rows.map((row) => ({ text: printable(row.text), fix: printable(row.fix) }));
}

async function ofPhysical(session: Session, setup: PhysicalSetup): Promise<readonly CloneProblem[]> {
  await readSource(session, setup);
  refuseUnreachable(nearestFolder(setup.folder), binariesOf(setup, Math.floor(session.serverVersion / 10_000)));
  const calls =
    session.serverVersion >= 150_000
      ? ['pg_backup_start(text, boolean)', 'pg_backup_stop(boolean)']
      : ['pg_start_backup(text, boolean, boolean)', 'pg_stop_backup(boolean, boolean)'];
  const rows = await session.query<{ text: string; fix: string }>(sql`
    select format('%s, the role of backup, may not call %s', current_user, f) as text, format('as a superuser: grant execute on function %s to %I;', f, current_user) as fix
    from unnest(${calls}::text[]) f where not has_function_privilege(f, 'execute')`);
  return rows.map((row) => ({ text: printable(row.text), fix: printable(row.fix) }));
}
