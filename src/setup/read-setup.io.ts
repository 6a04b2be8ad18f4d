import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  type Milliseconds,
  type NonEmpty,
  OneRoofError,
  parseDuration,
  type Problem,
  printable,
  stated,
} from '../core/index.ts';
import { type Connection, secret } from '../database/index.ts';
import { parseYaml } from '../yaml/index.ts';
import { type AddressForm, type SetupForm, type TargetForm, setupForm } from './setup-form.ts';
import { type KnownAddress, type KnownCopy, setupText } from './setup-template.ts';
import { signingKey } from './signing-key.ts';
import { cloneFrom } from './read-clone.io.ts';
import { requireSameBytes } from './pinned-files.io.ts';
import { connectionFrom, checkedDuration, type Environment, type From, variableOf } from './read-address.io.ts';
import { type EvidencePlace, type ServeSetup, type Setup, type Target } from './setup.ts';

const fileName = 'oneroof.yaml';

/**
 * Reads oneroof.yaml: all problems of its form at once. An address is resolved when it is first used, so that a command which
 * only looks at a target does not need the variables of the clone server.
 *
 * Errors  CONFIG_NOT_FOUND, CONFIG_INVALID, YAML_SYNTAX, TOOL_CONFIG; on use of a connection those of resolveConnection.
 */
export async function readSetup(folderOrFile: string, env: Environment = process.env): Promise<Setup> {
  const file = setupFile(folderOrFile);
  const bytes = readFileSync(file);
  requireSameBytes(file, bytes);
  const parsed = parseYaml<SetupForm>({
    file,
    text: bytes.toString('utf8'),
    schema: setupForm,
    invalid: 'CONFIG_INVALID',
    fix: 'compare with docs/reference/oneroof-yaml.md, or with the comments of a new oneroof.yaml (`oneroof init` in an empty folder)',
  });
  if (!parsed.ok) {
    const [first, ...rest] = parsed.problems;
    if (first !== undefined) throw OneRoofError.of([withoutSecret(first), ...rest.map(withoutSecret)]);
    throw new OneRoofError('INTERNAL', {
      ...stated`${{ file }} was refused without a problem`,
      fix: 'please report it',
    });
  }
  const form = parsed.value;
  const from = { folder: dirname(file), env };
  const names = Object.keys(form.targets);
  const defaultTarget = form.defaultTarget ?? names[0] ?? '';
  if (!names.includes(defaultTarget)) {
    throw new OneRoofError('CONFIG_INVALID', {
      ...stated`defaultTarget "${{ defaultTarget: printable(defaultTarget) }}" is not one of the targets ${{ targets: names }}`,
      fix: 'name one of the targets, or remove defaultTarget to use the first target',
      place: parsed.placeOf(['defaultTarget']),
    });
  }
  return {
    file,
    targets: Object.fromEntries(
      names.map((name) => [name, targetFrom(name, { ...from, form: form.targets[name] ?? {} })]),
    ),
    defaultTarget,
    clone: form.clone === undefined ? null : cloneFrom(form.clone, from),
    evidence: evidenceFrom(form.evidence, from),
    reports: resolve(from.folder, form.reports),
    policyFile: resolve(from.folder, form.policyFile),
    registryFile: resolve(from.folder, form.registryFile),
    pagePort: form.pagePort,
    serve: serveFrom(form.serve, from),
    policy: {
      rehearsalMaxAge: checkedDuration(form.policy.rehearsalMaxAge),
      gateMaxAge: checkedDuration(form.policy.gateMaxAge),
    },
  };
}

/** Every target, the default one first. */
export function targetsOf(setup: Setup): NonEmpty<Target> {
  const first = targetOf(setup);
  return [first, ...Object.values(setup.targets).filter(({ name }) => name !== first.name)];
}

/**
 * The target of a name, or the default one where none is named.
 *
 * Errors  CONFIG_TARGET_UNKNOWN.
 */
export function targetOf(setup: Setup, name?: string): Target {
  const wanted = name ?? setup.defaultTarget;
  const target = Object.hasOwn(setup.targets, wanted) ? setup.targets[wanted] : undefined;
  if (target !== undefined) return target;
  throw new OneRoofError('CONFIG_TARGET_UNKNOWN', {
    ...stated`${{ file: setup.file }} defines no target "${{ target: printable(wanted) }}"`,
    fix: `name one of ${Object.keys(setup.targets).join(', ')}, or add it to ${setup.file}`,
  });
}

/**
 * Writes a commented oneroof.yaml into a folder, and returns its path.
 *
 * Errors  ALREADY_EXISTS; CONFIG_NOT_FOUND where the folder is not there.
 */
export async function initSetup(
  folder: string,
  known: KnownAddress | null = null,
  copy: KnownCopy | null = null,
): Promise<string> {
  const file = join(resolve(folder), fileName);
  try {
    writeFileSync(file, setupText(known, copy), { flag: 'wx' });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EEXIST')
      throw new OneRoofError('ALREADY_EXISTS', {
        ...stated`${{ file }} exists already`,
        fix: 'edit it, or remove it first',
        cause,
      });
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new OneRoofError('CONFIG_NOT_FOUND', {
        ...stated`the folder ${{ folder: resolve(folder) }} does not exist`,
        fix: `mkdir -p ${resolve(folder)}`,
        cause,
      });
    throw cause;
  }
  return file;
}

function setupFile(folderOrFile: string): string {
  const path = resolve(folderOrFile);
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, fileName) : path;
  if (existsSync(file)) return file;
  throw new OneRoofError('CONFIG_NOT_FOUND', {
    ...stated`${{ file }} does not exist`,
    fix: 'run `oneroof init` in the folder of your releases, or name that folder with -C',
  });
}

function targetFrom(name: string, from: From & { readonly form: TargetForm }): Target {
  const { executor, relay, admin, registryFile, replicaLag, ...observer } = from.form;
  const optional = (address: AddressForm | undefined): Connection | null =>
    address === undefined ? null : connectionFrom(address, from);
  return {
    name,
    ...(replicaLag === undefined ? {} : { replicaLag: parseDuration(replicaLag) as Milliseconds }),
    ...(registryFile === undefined ? {} : { registryFile: resolve(from.folder, registryFile) }),
    get observer() {
      return connectionFrom(observer, from);
    },
    get executor() {
      return optional(executor);
    },
    get relay() {
      return optional(relay);
    },
    get admin() {
      return optional(admin);
    },
  };
}

function serveFrom(form: SetupForm['serve'], from: From): ServeSetup {
  const file = (name: string | undefined): string | null => (name === undefined ? null : resolve(from.folder, name));
  const { state } = form;
  return {
    get state() {
      return state === undefined ? null : connectionFrom(state, from);
    },
    folder: resolve(from.folder, form.folder),
    host: form.host ?? null,
    certificate: file(form.certificate),
    key: file(form.key),
    tokenFile: resolve(from.folder, form.tokenFile),
    get webhooks() {
      return form.webhooks.map(({ url, urlFrom, secretFrom, kinds }, index) => ({
        url: secret(url ?? variableOf(urlFrom ?? '', from)),
        name: `${index + 1} ${urlFrom ?? new URL(url ?? '').host}`,
        signingKey: keyFrom(secretFrom, from),
        kinds: kinds ?? null,
      }));
    },
  };
}

function evidenceFrom(form: SetupForm['evidence'], from: From): EvidencePlace {
  if (typeof form === 'string') return { kept: 'folder', folder: resolve(from.folder, form) };
  const { keyFile, ...address } = form;
  return {
    kept: 'database',
    keyFile: resolve(from.folder, keyFile),
    get connection() {
      return connectionFrom(address, from);
    },
  };
}

/** The key of a webhook, whose secret an environment variable holds. */
function keyFrom(name: string, from: From): () => Uint8Array {
  const key = signingKey(variableOf(name, from));
  if (key !== null) return () => key;
  throw new OneRoofError('CONFIG_INVALID', {
    ...stated`the environment variable ${{ name }} holds a secret that is not valid: expected base64 behind whsec_`,
    fix: `export ${name}="whsec_$(openssl rand -base64 32)", and give the same secret to the receiver`,
  });
}

/** An address that another rule refuses may hold a password too: its line is not shown. */
function withoutSecret(problem: Problem): Problem {
  const { excerpt, ...rest } = problem;
  return excerpt !== undefined && /:\/\/[^/\s]*:[^/\s]*@/.test(excerpt) ? rest : problem;
}
