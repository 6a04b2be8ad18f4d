import {
  afterLeaving,
  dropEventTriggers,
  gateFunctions,
  gateOwners,
  gateVersion,
  type InstallPlan,
  refuseHalfWay,
  waitForTier,
} from './install.ts';
import { runner } from './callers.ts';

/** The parameters of an upgrade. */
export interface UpgradePlan extends Pick<InstallPlan, 'serverVersion' | 'appOwner' | 'as'> {
  /** The present version of the gate. */
  readonly from: number;
  /**
   * Null: the gate must be as it was installed, and no release half way. Otherwise the server's major version has changed: what the gate's
   * digest is where this program installs it here, and comes out to be.
   */
  readonly moved: { readonly digest: string } | null;
}

const compare = `if (select intact from gate.identity) is distinct from gate.intact_digest() then
    raise exception using errcode = 'OR001', message = 'gate: intact: the gate, its roles or their rights are not as they were installed';
  end if;`;

/** Checks only whether the gate is as it was installed. */
export function intactChecks(as: UpgradePlan['as']): string {
  if (as === 'superuser') return `do $do$ begin\n  ${compare}\nend $do$;`;
  return `grant gate_owner to current_user;\nset local role gate_owner;\n${afterLeaving('open_upgrade', compare)}`;
}

/**
 * Checks what must hold before an upgrade. The comparison needs the memberships of the installation, because the digest includes them:
 * an owner who is no superuser leaves gate_owner first, and a function that removes itself and its grant compares.
 */
export function upgradeChecks(as: UpgradePlan['as']): string {
  if (as === 'superuser')
    return `${refuseHalfWay}
do $do$ begin
  ${compare}
end $do$;`;
  return `grant gate_owner to current_user;
set local role gate_owner;
${refuseHalfWay}
${afterLeaving('open_upgrade', compare)}
grant gate_owner, ${runner} to current_user;`;
}

/**
 * Writes the SQL that brings a gate to the version of this program: its functions are dropped and created again, its tables keep every
 * row, and the parameters of its installation stay. It refuses while a release is half way, and over a gate that was changed after
 * installation, so that an upgrade cannot hide a change. A later version that changes a table adds its statements here.
 *
 * Source  docs/decisions/0014-upgrade.md.
 */
export function upgradeSql(plan: UpgradePlan): string {
  const asOwner = plan.as === 'owner';
  const asGateOwner = (...statements: readonly string[]): readonly string[] =>
    asOwner ? ['set local role gate_owner;', ...statements, 'set local role none;'] : statements;
  return [
    `-- The gate goes from version ${plan.from} to version ${gateVersion}.`,
    plan.moved === null
      ? upgradeChecks(plan.as)
      : asOwner
        ? `grant gate_owner, ${runner} to current_user;\nset local role gate_owner;\n${waitForTier}\nset local role none;`
        : waitForTier,
    ...asGateOwner(
      `do $do$ begin if (select version from gate.identity) is distinct from ${plan.from} then
  raise exception using errcode = 'OR001', message = 'gate: version: this SQL was written for another version of the gate';
end if; end $do$;`,
      ...(asOwner ? [] : dropEventTriggers),
      'drop trigger if exists whole_tiers on gate.tiers;',
      `do $do$ declare o record; begin
  for o in select p.oid::regprocedure as what from pg_proc p where p.pronamespace = 'gate'::regnamespace loop
    execute format('drop routine %s', o.what);
  end loop;
end $do$;`,
    ),
    gateFunctions(plan),
    `update gate.identity set version = ${gateVersion};`,
    gateOwners({ ...plan, expected: plan.moved?.digest ?? null }),
  ].join('\n');
}
