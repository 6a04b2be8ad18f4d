import { printable, truncate } from '../../core/index.ts';

/** Shorter values are words, not secrets: a text without every "1" could not be read. */
const shortest = 4;
/** Lines of what a program wrote for people that are shown. */
const mostLines = 8;
const mostCharacters = 300;

/** The last lines that a program wrote for people, without the secrets and safe to show. */
export function lastLines(
  text: string,
  of: { readonly secrets: readonly string[] /** The beginning was thrown away. */; readonly isCut: boolean },
): readonly string[] {
  const secrets = of.secrets.filter((one) => one.length >= shortest).toSorted((a, b) => b.length - a.length);
  const hidden = secrets.reduce((shown, one) => shown.replaceAll(one, '…'), text);
  // the rest of a secret may be where the text was cut
  const whole = of.isCut ? hidden.slice(Math.max(0, ...secrets.map(({ length }) => length))) : hidden;
  return whole
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== '')
    .slice(-mostLines)
    .map((line) => truncate(printable(line), mostCharacters));
}

/** Texts of an answer that may be passwords, whatever else is wrong with it. */
export function passwordsIn(answer: string): readonly string[] {
  return [...answer.matchAll(/"password"\s*:\s*"((?:[^"\\]|\\.)*)"/g)].flatMap(([, raw = '']) => {
    try {
      return [raw, JSON.parse(`"${raw}"`) as string];
    } catch {
      return [raw];
    }
  });
}
