import { existsSync, readFileSync } from 'node:fs';
import { onAbort, OneRoofError, stated } from '../../core/index.ts';
import { readPolicy } from '../../people/index.ts';
import { serveSite, startEmbeddedState } from '../../site/index.ts';
import { readSetup, type Setup } from '../../setup/index.ts';
import { listenAt, notForProduction } from '../../signing/index.ts';
import { openStore } from '../../store.io.ts';
import { openBoard } from '../work.io.ts';
import { type CommandRun } from '../verb.ts';

/** Serves the site until it is interrupted. */
export const run: CommandRun = async ({ folder, options, signal, terminal }) => {
  const setup = await readSetup(folder);
  const policy = existsSync(setup.policyFile) ? readPolicy(setup.policyFile) : null;
  const origin = policy?.origin ?? `http://localhost:${setup.pagePort}`;
  const { certificate, key } = setup.serve;
  const tls = certificate === null || key === null ? null : { certificate: pem(certificate), key: pem(key) };
  const own = setup.serve.state === null ? await startEmbeddedState(setup.serve.folder) : null;
  try {
    const serving = await serveSite({
      setup,
      store: openStore(setup),
      board: openBoard(setup),
      state: setup.serve.state ?? own?.connection('postgres') ?? missing(setup),
      origin,
      listen: {
        ...listenAt({ origin }, setup.pagePort),
        ...(setup.serve.host === null ? {} : { host: setup.serve.host }),
      },
      tls,
      tokenFile: setup.serve.tokenFile,
      ...(options['newToken'] === true ? { token: 'draw' } : {}),
      onDefect: (error) => terminal.say(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    });
    try {
      if (policy?.production !== true) terminal.say(notForProduction);
      terminal.say(`open ${serving.url}   (Ctrl-C ends it)`);
      await new Promise<void>((resolve) => {
        // the listener alone would not keep the process alive
        const alive = setInterval(() => undefined, 60_000);
        const end = (): void => {
          clearInterval(alive);
          resolve();
        };
        onAbort(signal, end);
      });
      return { exit: 0, schema: 'oneroof/serve/1', data: { origin }, text: '' };
    } finally {
      await serving.close();
    }
  } finally {
    await own?.stop();
  }
};

function missing(setup: Setup): never {
  throw new OneRoofError('INTERNAL', { ...stated`${{ file: setup.file }} leads to no state`, fix: 'please report it' });
}

function pem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OneRoofError('CONFIG_NOT_FOUND', {
      ...stated`${{ file }} cannot be read: ${{ said: (cause as Error).message }}`,
      fix: 'name the certificate and the key, as PEM, under `serve:` in oneroof.yaml',
      cause,
    });
  }
}
