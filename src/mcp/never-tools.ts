const signs = 'a person signs it with a passkey, on a page';
const rules = 'it changes who may ratify, or what is needed for it; the quorum decides that';
const admin = 'it changes the gate itself, with the rights of an administrator';
const machine = 'it is about this machine or this program, and for the person who sits at it';
const anyDatabase = 'it takes addresses, variables or files that oneroof.yaml does not name';

/** The commands that can never be a tool, and why. Accepting drift is an option of `ratify`; no tool has it. */
export const neverTools: Readonly<Record<string, string>> = {
  ratify: signs,
  decline: signs,
  revoke: signs,
  abandon: signs,
  adopt: signs,
  enrol: rules,
  'registry check': rules,
  'registry show': rules,
  'registry drop': rules,
  'registry add-key': rules,
  'policy init': rules,
  'policy check': rules,
  install: admin,
  upgrade: admin,
  uninstall: admin,
  grants: admin,
  rollback: 'a person decides whether a rollout is undone: data may be lost',
  runbook: 'it is the paper of the person who rolls out; an agent reads `prompt`',
  init: 'it writes oneroof.yaml, which says what the server serves',
  doctor: machine,
  serve: machine,
  mcp: machine,
  skill: machine,
  demo: machine,
  completion: machine,
  'server add': machine,
  'server list': machine,
  'server remove': machine,
  'clone golden': 'it reads all of production; `rehearse` takes a golden copy where it needs one',
  'clone pull': 'it reads all of production, on a schedule',
  'clone open': 'it serves a database until it is interrupted',
  'clone gc': 'it drops clones and golden copies of others',
  fingerprint: anyDatabase,
  diff: anyDatabase,
  bundle: 'it writes a file for an auditor',
  'verify-evidence': 'an auditor verifies, on a machine of their own',
};
