import { z } from 'zod';
import { keyForm as key } from '../core/index.ts';
import {
  address,
  addressParts,
  durationKey,
  file,
  folder,
  oneWay,
  onlyOneWay,
  textKey,
  variable,
} from './address-form.ts';
import { cloneForm } from './clone-form.ts';

/** Where evidence is kept: a folder, or the address of a database and the file of the key that signs. */
const evidence = z.union([
  folder,
  addressParts
    .extend({
      keyFile: key(
        file.default('.oneroof/evidence/key'),
        'The private key that signs the evidence of this machine. It is created at the first use.',
        '.oneroof/evidence/key',
      ),
    })
    .refine(onlyOneWay, oneWay),
]);

/** The address of the observer, and beside it those of the roles that do more than read. */
const target = addressParts
  .extend({
    executor: key(
      address.optional(),
      'The role that runs ratified steps. `rollout` and `rollback` need it; `oneroof install` makes the role.',
      { service: 'production-executor' },
    ),
    relay: key(
      address.optional(),
      'The role that hands in signatures. `ratify` needs it; `oneroof install` makes the role.',
      { service: 'production-relay' },
    ),
    admin: key(address.optional(), 'The role that installs, upgrades and removes the gate.', {
      urlFrom: 'PRODUCTION_ADMIN_URL',
    }),
    replicaLag: key(
      durationKey.optional(),
      'A step in batches waits between two of them while a replica is further behind; default: 10s. The observer sees that as a member of `pg_read_all_stats`.',
      '10s',
    ),
    registryFile: key(
      file.optional(),
      'The registry of this target, where it differs from `registryFile` below.',
      'production.registry.json',
    ),
  })
  .refine(onlyOneWay, oneWay);

const webhook = z
  .strictObject({
    url: key(
      z
        .url({ protocol: /^https?$/ })
        .meta({ title: 'address' })
        .optional(),
      'Where to send.',
      'https://chat.example.org/hook',
    ),
    urlFrom: key(variable.optional(), 'The environment variable with the address.', 'CHAT_HOOK_URL'),
    secretFrom: key(
      variable,
      'The environment variable with the secret that signs messages; behind `whsec_` it is base64.',
      'CHAT_HOOK_SECRET',
    ),
    kinds: key(
      z
        .array(
          z
            .string()
            .regex(/^[a-z]+$/, 'expected a kind of evidence')
            .meta({ title: 'kind of evidence' }),
        )
        .min(1)
        .optional(),
      'The kinds of evidence to send; default: all.',
      ['rehearsal', 'ratification', 'execution'],
    ),
  })
  .refine((form) => (form.url === undefined) !== (form.urlFrom === undefined), 'expected url or urlFrom');

const serve = z
  .strictObject({
    state: key(
      address.optional(),
      'A database for the sessions and prompts of the site. Without it the site starts a private server.',
      { urlFrom: 'ONEROOF_STATE_URL' },
    ),
    folder: key(folder.default('.oneroof/server'), 'The folder of that private server.', '.oneroof/server'),
    host: key(textKey.optional(), 'The address to listen on. Without it only this machine can connect.', '0.0.0.0'),
    certificate: key(file.optional(), 'A PEM file. Without it a proxy must provide TLS.', 'tls/cert.pem'),
    key: key(file.optional(), 'A PEM file. Give both, or neither.', 'tls/key.pem'),
    tokenFile: key(
      file.default('.oneroof/server.token'),
      'The file of the token with which users sign in to read. It is created at the first start.',
      '.oneroof/server.token',
    ),
    webhooks: key(
      z.array(webhook).default([]),
      'The addresses that receive a message for each new entry. They open nothing.',
      [{ urlFrom: 'CHAT_HOOK_URL', secretFrom: 'CHAT_HOOK_SECRET' }],
    ),
  })
  .refine(
    (form) => (form.certificate === undefined) === (form.key === undefined),
    'expected certificate and key, or neither',
  );

const policy = z.strictObject({
  rehearsalMaxAge: key(durationKey.default('7d'), 'An older rehearsal does not count.', '7d'),
  gateMaxAge: key(durationKey.default('1h'), 'An older reading of production does not count.', '1h'),
});

/** The form of oneroof.yaml; a key that is not named here is refused. docs/reference/oneroof-yaml.md is made from it. */
export const setupForm = z.strictObject({
  targets: key(
    z
      .record(
        z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, 'expected a name of lower-case letters, digits, hyphens'),
        target,
      )
      .refine((targets) => Object.keys(targets).length > 0, 'expected at least one target'),
    'The databases that releases are for, by name. The address is that of the observer, a role that cannot write. Use one of `url`, `urlFrom` and `service`; with none, the `PG*` variables count.',
    {
      production: {
        url: 'postgres://oneroof_observer@db.example.org/shop?sslmode=verify-full',
        relay: { service: 'production-relay' },
        executor: { service: 'production-executor' },
      },
    },
  ),
  defaultTarget: key(
    textKey.optional(),
    'The target of a command that names none; default: the first target.',
    'production',
  ),
  clone: key(cloneForm.optional(), 'How a rehearsal gets its copy of production.', {
    provider: 'template',
    admin: { urlFrom: 'CLONE_ADMIN_URL' },
    source: 'shop',
  }),
  evidence: key(
    evidence.default('.oneroof/evidence'),
    'Where results are recorded: a folder, or a database that several machines share.',
    { service: 'evidence' },
  ),
  reports: key(folder.default('.oneroof/reports'), 'Where reports are written.', '.oneroof/reports'),
  policyFile: key(
    file.default('policy.yaml'),
    'The policy: who has to ratify. [Form](../FORMAT.md#policy).',
    'policy.yaml',
  ),
  registryFile: key(
    file.default('registry.json'),
    'The registry: persons and their passkeys. [Form](../FORMAT.md#registry).',
    'registry.json',
  ),
  pagePort: key(
    z.int().min(1).max(65_535).default(8443),
    'The port, on this machine, of the pages where people sign.',
    8443,
  ),
  serve: key(
    serve.default({ folder: '.oneroof/server', tokenFile: '.oneroof/server.token', webhooks: [] }),
    'The site of `oneroof serve`. Its address is `origin` of the policy.',
    { host: '0.0.0.0', certificate: 'tls/cert.pem', key: 'tls/key.pem' },
  ),
  policy: key(policy.default({ rehearsalMaxAge: '7d', gateMaxAge: '1h' }), 'How long results count.', {
    rehearsalMaxAge: '7d',
    gateMaxAge: '1h',
  }),
});

/** oneroof.yaml as it was written, checked. */
export type SetupForm = z.output<typeof setupForm>;

/** How a database is named in oneroof.yaml. */
export type AddressForm = z.output<typeof address>;

/** How a target is described in oneroof.yaml. */
export type TargetForm = z.output<typeof target>;
