import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Milliseconds, OneRoofError, parseDuration, type Problem, printable } from '../core/index.ts';
import { type Connection, resolveConnection, secret } from '../database/index.ts';
import { parseYaml } from '../yaml/index.ts';
import { type AddressForm, type SetupForm, type TargetForm, setupForm, setupTemplate } from './form.ts';
import { type CloneSetup, type EvidencePlace, type ServeSetup, type Setup, type Target } from './setup.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const fileName = 'oneroof.yaml';

/**
 * Reads oneroof.yaml: all problems of its form at once. An address is resolved when it is first used, so that a command which
 * only looks at a target does not need the variables of the clone server.
 *
 * Errors  CONFIG_NOT_FOUND, CONFIG_INVALID, YAML_SYNTAX; on use of a connection those of resolveConnection.
 */
export async function readSetup(folderOrFile: string, env: Environment = process.env): Promise<Setup> {
  const file = setupFile(folderOrFile);
  const parsed = parseYaml<SetupForm>({
    file,
    text: readFileSync(file, 'utf8'),
    schema: setupForm,
    invalid: 'CONFIG_INVALID',
    fix: 'compare with the comments of a fresh oneroof.yaml (`oneroof init` in an empty folder)',
  });
  if (!parsed.ok) {
    const [first, ...rest] = parsed.problems;
    if (first !== undefined) throw OneRoofError.of([withoutSecret(first), ...rest.map(withoutSecret)]);
    throw new OneRoofError('INTERNAL', { problem: `${file} was refused without a problem`, fix: 'please report it' });
  }
  const form = parsed.value;
  const from = { folder: dirname(file), env };
  const names = Object.keys(form.targets);
  const defaultTarget = form.defaultTarget ?? names[0] ?? '';
  if (!names.includes(defaultTarget)) {
    throw new OneRoofError('CONFIG_INVALID', {
      problem: `defaultTarget "${printable(defaultTarget)}" is none of the targets ${names.join(', ')}`,
      fix: 'name one of the targets, or remove defaultTarget: the first one counts then',
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
    policy: { rehearsalMaxAge: duration(form.policy.rehearsalMaxAge), gateMaxAge: duration(form.policy.gateMaxAge) },
  };
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
    problem: `${setup.file} defines no target "${printable(wanted)}"`,
    fix: `name one of ${Object.keys(setup.targets).join(', ')}, or add it to ${setup.file}`,
  });
}

/**
 * Writes a commented oneroof.yaml into a folder, and returns its path.
 *
 * Errors  ALREADY_EXISTS; CONFIG_NOT_FOUND where the folder is not there.
 */
export async function initSetup(folder: string): Promise<string> {
  const file = join(resolve(folder), fileName);
  try {
    writeFileSync(file, setupTemplate, { flag: 'wx' });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EEXIST')
      throw new OneRoofError('ALREADY_EXISTS', {
        problem: `${file} is there already`,
        fix: 'edit it, or remove it first',
        cause,
      });
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new OneRoofError('CONFIG_NOT_FOUND', {
        problem: `the folder ${resolve(folder)} is not there`,
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
    problem: `${file} is not there`,
    fix: 'run `oneroof init` in the folder of your releases, or name the file with --config',
  });
}

interface From {
  readonly folder: string;
  readonly env: Environment;
}

function targetFrom(name: string, from: From & { readonly form: TargetForm }): Target {
  const { executor, relay, admin, registryFile, ...observer } = from.form;
  const optional = (address: AddressForm | undefined): Connection | null =>
    address === undefined ? null : connectionFrom(address, from);
  return {
    name,
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
        secret: secret(variableOf(secretFrom, from)),
        kinds: kinds ?? null,
      }));
    },
  };
}

function cloneFrom(form: NonNullable<SetupForm['clone']>, from: From): CloneSetup {
  if (form.provider === 'template') {
    return {
      provider: 'template',
      source: form.source,
      sameServer: form.sameServer,
      get admin() {
        return connectionFrom(form.admin, from);
      },
    };
  }
  return {
    provider: 'physical',
    dataDirectory: form.dataDirectory === undefined ? null : resolve(from.folder, form.dataDirectory),
    folder: resolve(from.folder, form.folder),
    bin: form.bin === undefined ? null : resolve(from.folder, form.bin),
    get backup() {
      return connectionFrom(form.backup, from);
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

function connectionFrom(address: AddressForm, from: From): Connection {
  const { urlFrom, passwordFile, service } = address;
  const url = urlFrom === undefined ? address.url : variableOf(urlFrom, from);
  return resolveConnection({
    ...(url === undefined ? {} : { url }),
    ...(service === undefined ? {} : { service }),
    ...(passwordFile === undefined ? {} : { passwordFile: resolve(from.folder, passwordFile) }),
    env: from.env,
  });
}

/** The value of an environment variable that oneroof.yaml names. */
function variableOf(name: string, { env }: From): string {
  const value = env[name];
  if (value) return value;
  throw new OneRoofError('CONFIG_INVALID', {
    problem: `oneroof.yaml takes a value from the environment variable ${name}, which is not set`,
    fix: `export ${name}=…, for an address for example postgres://user@host:5432/database`,
  });
}

function duration(text: string): Milliseconds {
  return parseDuration(text) ?? (0 as Milliseconds);
}

/** An address that another rule refuses may hold a password too: its line is not shown. */
function withoutSecret(problem: Problem): Problem {
  const { excerpt, ...rest } = problem;
  return excerpt !== undefined && /:\/\/[^/\s]*:[^/\s]*@/.test(excerpt) ? rest : problem;
}
