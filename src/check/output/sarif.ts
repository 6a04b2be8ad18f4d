import { printable, truncate } from '../../core/index.ts';
import { type CheckResult } from '../check-result.ts';
import { type Compared } from './baseline.ts';
import { allCodes, codeTitles, type FoundFault, foundIn } from './found.ts';

/** GitHub shows no more results of a file. */
const mostResults = 5000;
const longestMessage = 4000;

/**
 * Writes a result as SARIF, which code scanning services show at the line.
 *
 * Source  OASIS SARIF 2.1.0; GitHub, "SARIF support for code scanning": results are matched by partialFingerprints.
 */
export function sarifOf(result: CheckResult, compared: Compared | null): string {
  const rules = allCodes.map((code) => ({
    id: code,
    shortDescription: { text: codeTitles[code] },
    defaultConfiguration: { level: 'error' },
  }));
  const results = foundIn(result)
    .slice(0, mostResults)
    .map((found) => ({
      ruleId: found.code,
      ruleIndex: allCodes.indexOf(found.code),
      level: found.level,
      message: { text: messageOf(found) },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: uriOf(found.spot.file), uriBaseId: '%SRCROOT%' },
            region: { startLine: Math.max(1, found.spot.line) },
          },
        },
      ],
      partialFingerprints: { 'oneroof/v1': found.key },
      ...(compared?.known.has(found.key) === true
        ? { suppressions: [{ kind: 'external', justification: 'known in the baseline' }] }
        : {}),
    }));
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'oneroof check', rules } }, columnKind: 'unicodeCodePoints', results }],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

/** Brackets begin a link, braces a placeholder: SARIF escapes both. */
function messageOf({ cause, detail, fix }: FoundFault): string {
  const lines = [cause, ...detail, `Fix: ${fix}`].map((line) => printable(line).replaceAll(/[\\[\]]/g, '\\$&'));
  return truncate(lines.join('\n'), longestMessage).replaceAll(/[{}]/g, '$&$&');
}

/** A path of the repository as a relative URI. A lone surrogate has no UTF-8. */
function uriOf(file: string): string {
  return file.toWellFormed().split('/').map(encodeURIComponent).join('/');
}
