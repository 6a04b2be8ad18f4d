import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';

/** Asks a person on a terminal, and answers with the line that was typed; null: no one is there, or nothing was answered. */
export async function askOnTerminal(question: string, signal: AbortSignal): Promise<string | null> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return null;
  // the terminal itself edits the line, so Ctrl-C stays the signal that ends every command
  const reader = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  // Ctrl-D ends the input, and leaves a question without an answer
  const ended = once(reader, 'close').then(() => '');
  const asked = reader.question(question, { signal });
  try {
    const said = (await Promise.race([asked, ended])).trim();
    return said === '' ? null : said;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    reader.close();
  }
}
