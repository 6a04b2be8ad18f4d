import { printable, truncate } from '../../core/index.ts';
import { type CheckResult } from '../check-result.ts';
import { type Compared, isFailure } from './baseline.ts';
import { codeTitles, foundIn } from './found.ts';

/** GitHub shows ten errors, ten warnings and ten notices of a step: the first are the ones that count. */
const mostLines = 50;

/**
 * Writes a result as workflow commands, which GitHub shows at the line. An error that the baseline knows becomes a notice.
 *
 * Source  GitHub, "Workflow commands"; actions/toolkit, command.ts: what is escaped in a message, and in a property.
 */
export function annotationsOf(result: CheckResult, compared: Compared | null): string {
  const found = foundIn(result).toSorted((a, b) => Number(isFailure(b, compared)) - Number(isFailure(a, compared)));
  return found
    .slice(0, mostLines)
    .map((one) => {
      const { code, spot, cause, fix, key } = one;
      const isKnown = compared?.known.has(key) === true;
      const kind = one.level === 'note' || isKnown ? 'notice' : one.level;
      const title = `${isKnown ? 'known: ' : ''}${code}: ${codeTitles[code]}`;
      const message = `${truncate(printable(cause), 2000)}\nFix: ${truncate(printable(fix), 2000)}`;
      return `::${kind} file=${property(spot.file)},line=${Math.max(1, spot.line)},title=${property(title)}::${data(message)}\n`;
    })
    .join('');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(printable(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
