import { printable, truncate } from '../core/index.ts';

/** What the server shows of another session; null: nothing, or not to this role. All of it is untrusted text. */
export interface SessionFacts {
  readonly application: string | null;
  readonly role: string | null;
  /** Null for a Unix socket too. */
  readonly address: string | null;
  readonly query: string | null;
}

/** This much of a query shows which part of an application it comes from. Characters. */
const beginning = 60;

/** Names a session for people: its application name, else its role, its address and the beginning of its query. */
export function nameSession({ application, role, address, query }: SessionFacts): string {
  if (application !== null && application !== '') return printable(application);
  const from = address === null ? '' : ` from ${address}`;
  const said = query === null || query === '' || query === '<insufficient privilege>' ? '' : `: ${beginningOf(query)}`;
  return printable(`${role === null ? 'no name' : `role ${role}`}${from}${said}`);
}

/** Values of strangers go into no log and no dossier: they can be passwords. */
function beginningOf(query: string): string {
  const bare = query.replaceAll(/\$(\w*)\$.*?(?:\$\1\$|$)/gs, "'…'").replaceAll(/'(?:[^'\\]|\\.|'')*(?:'|$)/gs, "'…'");
  return truncate(bare.replaceAll(/\s+/g, ' ').trim(), beginning);
}
