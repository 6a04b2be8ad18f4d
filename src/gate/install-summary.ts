import { printable } from '../core/index.ts';
import { id } from '../database/index.ts';
import { login, callerRights } from './callers.ts';
import { type InstallPlan } from './install.ts';

/** What each role that logs in is for. */
const does: Readonly<Record<string, string>> = {
  oneroof_executor: 'runs rollouts: the SQL that people ratified, in order, once, and no other SQL',
  oneroof_relay: 'hands in releases, signatures and documents; the database checks each',
  oneroof_observer: 'reads the state; it cannot write',
};

/** Says in SQL comments what the SQL that installs the gate makes, what it lets whom do, and how it is removed: a DBA reads that first. */
export function installSummary({ as, appOwner, uri }: InstallPlan): string {
  const owner = id(appOwner).text;
  const triggers =
    as === 'superuser'
      ? [
          'Event triggers: oneroof_gate_ddl and oneroof_gate_drop. They fire for every DDL statement in this database, refuse those that',
          '  change schema gate unless a superuser runs them, and allow all others.',
        ]
      : [
          'Event triggers: none, because only a superuser can create them. Without them the gate compares itself before and after each tier.',
        ];
  return [
    `SUMMARY of this SQL, for the DBA who reads it. Target: ${uri}`,
    '',
    'Schema: gate, and nothing outside of it: no table, function or trigger of the application is created or changed.',
    'Roles, if they do not exist yet, for the whole server; none has a password yet:',
    '  gate_owner owns schema gate and its objects. It cannot log in.',
    ...login.map((role) => `  ${role} ${does[role] ?? ''}.`),
    '  oneroof_runner is used only after oneroof install --loopback. It has a password for the time of one connection, and belongs to no one.',
    'Rights: each role may use schema gate and call these functions; PUBLIC may call none. No role gets a right on a table.',
    ...Object.entries(callerRights).map(([role, functions]) => `  ${role}: ${functions.join(', ')}`),
    ...triggers,
    '',
    `It can: run SQL as ${owner}, which owns the application's objects, and only SQL that the persons of the registry below have signed`,
    '  with their passkeys. The database itself checks the signatures.',
    `It cannot: run other SQL for any of these roles; do what ${owner} may not do; reach other databases, files, programs or the network;`,
    '  protect from a superuser, who can change everything.',
    ...(as === 'owner'
      ? ['While it runs, the installing role is a member of gate_owner; at its end it leaves it.']
      : []),
    'It is one transaction: if a statement fails, nothing has changed.',
    '',
    `To remove it: oneroof uninstall ${uri} prints the SQL; it is refused while a release is half way. The roles stay, because other`,
    '  databases of the server may use them. Without One Roof: drop schema gate cascade;',
    '',
  ]
    .map((line) => `-- ${printable(line)}`.trimEnd())
    .join('\n');
}
