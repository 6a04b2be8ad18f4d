import { z } from 'zod';
import { OneRoofError, parseDuration } from '../core/index.ts';
import { parseAddress } from '../database/index.ts';
import { type IssueFacts } from '../yaml/index.ts';

const text = z.string().min(1, 'expected a text that is not empty');
const duration = text.refine((value) => parseDuration(value) !== null, 'expected a length of time such as 1h or 7d');

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable');

/** A password in the file has one way out, and the line that holds it is never shown. */
const password: IssueFacts = {
  fix: 'take it out of the url; use passwordFile, urlFrom with an environment variable, PGPASSWORD or ~/.pgpass',
  isSecret: true,
};

/** A problem of an address, or null; it never repeats the address. */
function problemOfUrl(url: string): { readonly message: string; readonly params?: { [key: string]: unknown } } | null {
  try {
    const holdsPassword = parseAddress(url)['password'] !== undefined;
    return holdsPassword ? { message: 'the url holds a password', params: { ...password } } : null;
  } catch (error) {
    if (error instanceof OneRoofError) return { message: error.message };
    throw error;
  }
}

const addressParts = z.strictObject({
  url: text
    .superRefine((url, context) => {
      const problem = problemOfUrl(url);
      if (problem !== null) context.addIssue({ code: 'custom', ...problem });
    })
    .optional(),
  urlFrom: variable.optional(),
  service: text.optional(),
  passwordFile: text.optional(),
});

/** One of three ways to say where a database is. */
function onlyOneWay(form: Pick<z.output<typeof addressParts>, 'url' | 'urlFrom' | 'service'>): boolean {
  return [form.url, form.urlFrom, form.service].filter((way) => way !== undefined).length <= 1;
}
const oneWay = 'expected at most one of url, urlFrom and service; with none, the PG* variables count';

const address = addressParts.refine(onlyOneWay, oneWay);

/** Where evidence is kept: a folder, or the address of a database and the file of the key that signs. */
const evidence = z.union([
  text,
  addressParts.extend({ keyFile: text.default('.oneroof/evidence/key') }).refine(onlyOneWay, oneWay),
]);

/** The address of the observer, and beside it those of the roles that do more than look. */
const target = addressParts
  .extend({
    executor: address.optional(),
    relay: address.optional(),
    admin: address.optional(),
    registryFile: text.optional(),
  })
  .refine(onlyOneWay, oneWay);

const clone = z.discriminatedUnion('provider', [
  z.strictObject({
    provider: z.literal('template'),
    admin: address,
    source: text,
    sameServer: z.boolean().default(false),
  }),
  z.strictObject({
    provider: z.literal('physical'),
    backup: address,
    dataDirectory: text.optional(),
    folder: text.default('.oneroof/clones'),
    bin: text.optional(),
  }),
]);

/** The form of oneroof.yaml; a key that is not named here is refused. */
export const setupForm = z.strictObject({
  targets: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'expected a name of lower-case letters, digits, hyphens'),
      target,
    )
    .refine((targets) => Object.keys(targets).length > 0, 'expected at least one target'),
  defaultTarget: text.optional(),
  clone: clone.optional(),
  evidence: evidence.default('.oneroof/evidence'),
  reports: text.default('.oneroof/reports'),
  policyFile: text.default('policy.yaml'),
  registryFile: text.default('registry.json'),
  pagePort: z.int().min(1).max(65_535).default(8443),
  serve: z
    .strictObject({
      state: address.optional(),
      folder: text.default('.oneroof/server'),
      host: text.optional(),
      certificate: text.optional(),
      key: text.optional(),
      tokenFile: text.default('.oneroof/server.token'),
      webhooks: z
        .array(
          z
            .strictObject({
              url: z.url({ protocol: /^https?$/ }).optional(),
              urlFrom: variable.optional(),
              secretFrom: variable,
              kinds: z
                .array(z.string().regex(/^[a-z]+$/, 'expected a kind of evidence'))
                .min(1)
                .optional(),
            })
            .refine((form) => (form.url === undefined) !== (form.urlFrom === undefined), 'expected url or urlFrom'),
        )
        .default([]),
    })
    .refine(
      (form) => (form.certificate === undefined) === (form.key === undefined),
      'expected certificate and key, or neither',
    )
    .default({ folder: '.oneroof/server', tokenFile: '.oneroof/server.token', webhooks: [] }),
  policy: z
    .strictObject({ rehearsalMaxAge: duration.default('7d'), gateMaxAge: duration.default('1h') })
    .default({ rehearsalMaxAge: '7d', gateMaxAge: '1h' }),
});

/** oneroof.yaml as it was written, checked. */
export type SetupForm = z.output<typeof setupForm>;

/** How a database is named in oneroof.yaml. */
export type AddressForm = z.output<typeof address>;

/** How a target is described in oneroof.yaml. */
export type TargetForm = z.output<typeof target>;

/** A fresh oneroof.yaml, with a comment on each key. */
export const setupTemplate = `# One Roof: which databases there are, and where clones come from. No secret belongs in this file.
# Paths are relative to this file.

targets:
  # The databases that releases are for. One Roof only ever looks at them, with a role that cannot write:
  # \`oneroof grants\` prints the SQL that makes one.
  production:
    # One of three ways to say where; with none of them the PG* variables count.
    url: postgres://oneroof_observer@db.example.org:5432/directus?sslmode=verify-full
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

# Where rehearsals get their clone of production from.
# template: CREATE DATABASE … TEMPLATE, on a server that holds a copy of production.
# clone:
#   provider: template
#   admin: { urlFrom: CLONE_ADMIN_URL }   # a role with CREATEDB
#   source: directus                      # the database that golden is copied from
#   sameServer: false                     # true only where the source's own server may carry the clones
# physical: a copy of the data directory, run by a private server on this machine.
# clone:
#   provider: physical
#   backup: { service: backup }           # a role that may call pg_backup_start and pg_backup_stop
#   dataDirectory: /var/lib/postgresql/18/main
#   folder: .oneroof/clones
#   bin: /usr/lib/postgresql/18/bin

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
