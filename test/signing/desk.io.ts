import { expect } from 'vitest';
import { type CommandOutcome } from '../../src/cli/output.io.ts';
import { type CommandRun } from '../../src/cli/verb.ts';
import { assertion, type Gated, type Signer } from '../gate/cycle.io.ts';

/** Runs commands in a folder, as the command line does. */
export function desk(
  home: string,
  release: string | null,
): {
  readonly said: string[];
  /** Ctrl-C for what runs now. */
  readonly interrupt: () => void;
  readonly command: (run: CommandRun, options?: Readonly<Record<string, string | boolean>>) => Promise<CommandOutcome>;
} {
  const said: string[] = [];
  const terminal = { say: (line: string) => void said.push(line), progress: () => undefined };
  let running = new AbortController();
  const command = (run: CommandRun, options = {}) => {
    running = new AbortController();
    return run({
      commands: [],
      words: [],
      verbs: [],
      arguments: release === null ? [] : [release],
      options,
      folder: home,
      terminal,
      signal: running.signal,
    } as Parameters<CommandRun>[0]) as Promise<CommandOutcome>;
  };
  return { said, interrupt: () => running.abort(), command };
}

/** The statement, where the page shows it among the facts. */
function inFacts(page: string): string {
  return /\{"_type":"https:\/\/in-toto.io\/Statement\/v1".*?"subject":\[.*?\]\}/s.exec(page)?.[0] ?? '';
}

/** Signs on the page as a person would: reads the statement, types its code, uses a passkey. */
export async function signOn(
  said: readonly string[],
  gated: Pick<Gated, 'policy'>,
  by: Signer,
  bodyOf: (page: string) => string = inFacts,
): Promise<Record<string, unknown>> {
  await expect.poll(() => said.some((line) => line.startsWith('open http')), { timeout: 60_000 }).toBe(true);
  const line = said.findLast((one) => one.startsWith('open http')) ?? '';
  const [, url = '', code = ''] = /open (\S+) and type ([0-9a-f]{6})/.exec(line) ?? [];
  const page = (await (await fetch(url)).text()).replace(/&#(\d+);/g, (_, number: string) =>
    String.fromCharCode(Number(number)),
  );
  const body = bodyOf(page);
  const { origin, rpId } = gated.policy;
  const post = async (action: string, sent: object): Promise<Record<string, unknown>> => {
    const headers = { 'content-type': 'application/json', origin };
    const answer = await fetch(url + action, { method: 'POST', headers, body: JSON.stringify(sent) });
    return (await answer.json()) as Record<string, unknown>;
  };
  const begun = await post('begin', { code });
  if (begun['ok'] !== true) return begun;
  const { ceremony } = begun;
  const made = assertion(by, body, { origin, rpId });
  const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  return await post('finish', {
    ceremony,
    credential: made.credential,
    authenticatorData: encode(made.authenticatorData),
    clientDataJSON: encode(made.clientDataJSON),
    signature: encode(made.signature),
  });
}
