import { type Problem, stated, type Stated } from '../core/index.ts';
import { type ReleaseFiles } from './files.ts';
import { metricsOf } from './import-metrics.ts';
import { type Declared } from './names.ts';
import { type Parser } from './parser.ts';
import { type Imported } from './release.ts';

/**
 * Holds that the release has the guards of its import: each metric with exactly its query, and each bound.
 *
 * Errors  IMPORT_HISTORY as problems.
 */
export function checkGuards(
  { manifest, placeOf, files, parser }: Declared & { readonly files: ReleaseFiles; readonly parser: Parser },
  imported: Imported,
  /** Of each migration the condition that holds for its row alone. */
  found: readonly string[],
): readonly Problem[] {
  const refused = (path: readonly string[], what: Stated, fix: string): Problem => ({
    code: 'IMPORT_HISTORY',
    ...what,
    fix,
    place: placeOf(path),
  });
  return metricsOf(imported, found, imported.migrations[0]?.known ?? {}).flatMap(
    ({ name, title, query, ...bounds }) => {
      const said = manifest.metrics[name];
      const file = (typeof said === 'string' ? undefined : said?.file) ?? `metrics/${name}.sql`;
      const [first, ...more] = parser.parse(file, files.get(file) ?? '').statements;
      const isMetric = said !== undefined && first?.step.sql === query && more.length === 0;
      return [
        ...(isMetric
          ? []
          : [
              refused(
                ['metrics', name],
                stated`the metric ${{ name }} is not the one by which the gate knows what ${{ tool: imported.tool }} has recorded`,
                `write \`${name}: ${title}\` under \`metrics\` in release.yaml, and into ${file}: ${query};`,
              ),
            ]),
        ...(['greenfield', 'finalized', 'always'] as const).flatMap((when) => {
          const value = bounds[when];
          return value === undefined || manifest.invariants[when][name]?.equals === value
            ? []
            : [
                refused(
                  ['invariants', when],
                  stated`${{ name }} has to be ${{ value }} here: else the gate could roll out what ${{ tool: imported.tool }} has recorded otherwise`,
                  `write \`${name}: ${value}\` under \`invariants: ${when}\` in release.yaml`,
                ),
              ];
        }),
      ];
    },
  );
}
