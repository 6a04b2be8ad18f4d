import { type Connection } from '../database/index.ts';
import { type CloneChoice, cloneText } from './clone-template.ts';

/** The parts of an address that are written to a new oneroof.yaml: where the database is. The user is the observer, and a password never. */
export type KnownAddress = Pick<Connection, 'host' | 'port' | 'database' | 'sslmode' | 'sslrootcert'>;

/** How a production can be copied: a provider that fits it, and why. */
export interface KnownCopy {
  readonly provider: CloneChoice['provider'];
  readonly reason: string;
  readonly dataDirectory: string | null;
  /** The role that copies. */
  readonly role: string;
}

/** A fresh oneroof.yaml, with a comment on each key; null: no one told where the database is, and the places to fill in say so. */
export function setupText(known: KnownAddress | null, copy: KnownCopy | null = null): string {
  const url =
    known === null
      ? 'postgres://oneroof_observer@HOST:5432/DATABASE?sslmode=verify-full'
      : addressOf(known, 'oneroof_observer');
  const choice =
    known === null || copy === null
      ? null
      : {
          ...copy,
          reason: copy.reason.replace(/[^\x20-\x7e]/g, '?'),
          address: addressOf(known, copy.role),
          dataDirectory: copy.dataDirectory === null ? null : quoted(copy.dataDirectory),
        };
  return `# One Roof: which databases there are, and where clones come from. No secret belongs in this file.
# Paths are relative to this file.

targets:
  # The databases that releases are for. One Roof only reads them, with a role that cannot write:
  # \`oneroof grants\` prints the SQL that makes one.
  production:
    # One of three ways to say where; with none of them the PG* variables count.
    url: ${url}${known === null ? '   # fill in HOST and DATABASE' : ''}
    # urlFrom: PRODUCTION_URL        # the environment variable that holds the address
    # service: production            # a service of pg_service.conf
    # The password: this file (chmod 600), else PGPASSWORD, else ~/.pgpass. A password in the url is refused.
    # passwordFile: .oneroof/production.password
    # The roles that do more than look, each in the same way as above; \`oneroof install\` makes the first two.
    # executor: { service: production-executor }   # presses the button: runs what people have ratified, and nothing else
    # relay: { service: production-relay }         # hands in signatures
    # admin: { urlFrom: PRODUCTION_ADMIN_URL }     # installs the gate; needed at no other time
    # registryFile: production.registry.json       # its registry, where it is not the one below

# The target that is meant when a command names none; the first one where this is left out.
# defaultTarget: production

${cloneText(known === null ? 'DATABASE' : quoted(known.database), choice)}

evidence: .oneroof/evidence               # what was measured and proven: a folder,
# evidence: { service: evidence }         # or a database that several machines share; the role makes schema oneroof_evidence
reports: .oneroof/reports                 # GO / NO-GO, as Markdown, HTML and JSON

policyFile: policy.yaml                   # who has to ratify (docs/FORMAT.md, "Policy")
registryFile: registry.json               # who there is, and their passkeys ("Registry")
pagePort: 8443                            # the port that the page for ratifying listens on, on this machine

# The site of \`oneroof serve\`. Its address is the origin of the policy.
# serve:
#   state: { urlFrom: ONEROOF_STATE_URL }      # a database for its own state; a private one where absent
#   folder: .oneroof/server                    # where the private one is kept
#   host: 0.0.0.0                              # where to listen; this machine alone where absent
#   certificate: tls/cert.pem                  # PEM; without them a proxy speaks TLS
#   key: tls/key.pem
#   tokenFile: .oneroof/server.token           # what lets one in to look; made at the first start
#   webhooks:                                  # told of what was recorded; they open nothing
#     - { urlFrom: CHAT_HOOK_URL, secretFrom: CHAT_HOOK_SECRET, kinds: [rehearsal, ratification, execution] }

policy:
  rehearsalMaxAge: 7d                     # an older rehearsal no longer counts
  gateMaxAge: 1h                          # nor does an older look at production
`;
}

/** Whether a host is this machine. */
function isLocal({ host }: Pick<Connection, 'host'>): boolean {
  return host.startsWith('/') || ['localhost', '127.0.0.1', '::1'].includes(host);
}

function addressOf(known: KnownAddress, role: string): string {
  const { host, port, database, sslmode, sslrootcert } = known;
  const name = encodeURIComponent(database);
  const user = encodeURIComponent(role);
  if (host.startsWith('/')) return quoted(`postgres://${user}@/${name}?host=${encodeURIComponent(host)}&port=${port}`);
  // only verify-full proves who the server is
  const mode = sslmode ?? (isLocal(known) ? null : 'verify-full');
  const place = host.includes(':') ? `[${host}]` : host;
  const options = [
    ...(mode === null ? [] : [`sslmode=${mode}`]),
    ...(sslrootcert === undefined ? [] : [`sslrootcert=${encodeURIComponent(sslrootcert)}`]),
  ];
  return quoted(`postgres://${user}@${place}:${port}/${name}${options.length === 0 ? '' : `?${options.join('&')}`}`);
}

/** As YAML; whatever the name of a database holds, it is one value. */
function quoted(text: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(text) ? text : JSON.stringify(text);
}
