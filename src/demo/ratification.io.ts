import { type Answered, type ChapterGround, type Typed } from './demo-commands.ts';
import { shownPage, type ShownPage, signOnPage } from './signing.io.ts';
import { timed } from './timed.io.ts';

/**
 * Lets people ratify, with `oneroof ratify`: on its page, with passkeys; or with keys of software that play them. `between` is told
 * while a seat is still empty.
 *
 * Errors  those of `oneroof ratify`.
 */
export async function ratify(stage: ChapterGround, between: () => Promise<void>): Promise<string> {
  const { plan, narration } = stage;
  if (plan.ratify === 'page') {
    narration.tell({ name: 'your turn', text: 'read the page, type the code, use your passkey' });
    const { value, took } = await timed(() =>
      plan.command({
        command: 'ratify',
        words: ['release'],
        say: (line) => narration.tell({ name: '', text: line }),
      }),
    );
    narration.tell({
      name: 'ratified',
      text: 'the database itself verified the passkey: every seat is filled',
      took,
    });
    return statementOf(value);
  }
  const ratifying = command(stage);
  try {
    const page = await ratifying.page;
    const signers = stage.people.persons;
    for (const [index, { id, authenticator }] of signers.entries()) {
      if (authenticator === null) continue;
      const { policy } = stage.people;
      const signed = await timed(() => signOnPage(page, { authenticator, policy }));
      narration.tell({ name: id, text: `on the page, NOT FOR PRODUCTION: ${signed.value}`, took: signed.took });
      if (index < signers.length - 1) await between();
    }
    const ended = await ratifying.ended;
    narration.tell({ name: 'ratified', text: 'the database itself verified each signature: every seat is filled' });
    return statementOf(ended);
  } finally {
    ratifying.stop();
    await ratifying.ended.catch(() => null);
  }
}

/** The command while it runs: its page, its end, and a way to end it. */
function command({ plan }: ChapterGround): {
  readonly page: Promise<ShownPage>;
  readonly ended: Promise<Answered>;
  readonly stop: () => void;
} {
  const stop = new AbortController();
  let show: (page: ShownPage) => void = () => undefined;
  const shown = new Promise<ShownPage>((resolve) => {
    show = resolve;
  });
  const typed: Typed = {
    command: 'ratify',
    words: ['release'],
    signal: AbortSignal.any([plan.signal, stop.signal]),
    say: (line) => {
      const page = shownPage(line);
      if (page !== null) show(page);
    },
  };
  const ended = plan.command(typed);
  // a command that ends before it shows its page is the reason why there is none
  const page = Promise.race([shown, ended.then(() => shown)]);
  return { page, ended, stop: () => stop.abort() };
}

function statementOf({ data }: Answered): string {
  return String((data as { readonly statement?: string }).statement ?? '');
}
