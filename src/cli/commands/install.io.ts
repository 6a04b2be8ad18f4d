import { resolve } from 'node:path';
import { openSession, type Session } from '../../database/index.ts';
import {
  applyGate,
  findShut,
  hasGate,
  planInstall,
  planLoopback,
  type Prepared,
  requireLoopback,
  withInstaller,
} from '../../gate/index.ts';
import { readPolicyAndRegistry } from '../../people/index.ts';
import { readSetup, type Target, targetOf } from '../../setup/index.ts';
import { type CommandOutcome } from '../output.io.ts';
import { type CommandRun } from '../verb.ts';

/** Prints the SQL that installs the gate, or runs it; refuses before anything is changed. */
export const run: CommandRun = async ({ folder, arguments: [named], options, terminal }) => {
  const setup = await readSetup(folder);
  const target = targetOf(setup, named);
  const file = (option: string, preset: string): string => {
    const given = options[option];
    return typeof given === 'string' ? resolve(folder, given) : preset;
  };
  const documents = () =>
    readPolicyAndRegistry({
      policy: file('policy', setup.policyFile),
      registry: file('registry', setup.registryFile),
    });
  const wanted = options['appOwner'];
  return withInstaller(target, async (session) => {
    const wantsLoopback = options['loopback'] === true;
    if (wantsLoopback && (await hasGate(session)))
      return await loopback(target, { session, apply: options['apply'] === true });
    const appOwner = typeof wanted === 'string' ? wanted : null;
    const gate = await planInstall(session, { uri: target.name, appOwner, ...documents() });
    const also = wantsLoopback ? await planLoopback(session, { appOwner: gate.appOwner }) : null;
    const prepared = also === null ? gate : { ...gate, text: `${gate.text}\n${also.text}` };
    for (const { text, fix } of await findShut(session, appOwner)) terminal.say(`warning: ${text}\nhint: ${fix}`);
    if (options['apply'] !== true) return printed(prepared, 'install');
    terminal.progress(`installing the gate in ${target.name}`);
    await applyGate(session, prepared);
    const walls =
      prepared.as === 'superuser'
        ? 'with event triggers as a second wall'
        : 'without event triggers: only a superuser can create them';
    return {
      exit: 0,
      schema: 'oneroof/install/1',
      data: { target: target.name, applied: true, as: prepared.as },
      text: `installed in ${target.name}, ${walls}\nnext: give oneroof_executor, oneroof_relay and oneroof_observer a password (\\password) or a certificate${wantsLoopback ? '; then oneroof doctor tries the loopback' : ''}`,
    };
  });
};

/** Prepares the loopback of a gate that is there, and tries it as the executor. */
async function loopback(
  target: Target,
  { session, apply }: { readonly session: Session; readonly apply: boolean },
): Promise<CommandOutcome> {
  const prepared = await planLoopback(session, null);
  if (!apply) return printed(prepared, 'install');
  await applyGate(session, prepared);
  const data = { target: target.name, applied: true, as: prepared.as };
  const ready = `prepared the loopback in ${target.name}`;
  if (target.executor === null)
    return {
      exit: 0,
      schema: 'oneroof/install/1',
      data,
      text: `${ready}\nnext: set the address of the executor, and oneroof doctor tries it`,
    };
  const executor = await openSession(target.executor, { applicationName: 'oneroof install' });
  try {
    await requireLoopback(executor, target.name);
  } finally {
    await executor.close();
  }
  return {
    exit: 0,
    schema: 'oneroof/install/1',
    data,
    text: `${ready}, and tried it: statements outside of a transaction can run there`,
  };
}

/** SQL for a person to read, as one transaction. */
export function printed({ as, text, summary }: Prepared, verb: 'install' | 'uninstall' | 'upgrade'): CommandOutcome {
  const whole = `${summary === undefined ? '' : `${summary}\n`}begin;\n${text}\ncommit;\n`;
  return { exit: 0, schema: `oneroof/${verb}/1`, data: { applied: false, as, sql: whole }, text: whole };
}
