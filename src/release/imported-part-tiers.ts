import { type Problem, printable, stated, type Stated } from '../core/index.ts';
import { type ReleaseFiles } from './files.ts';
import { compare } from './imported-compare.ts';
import { checkOwn } from './imported-own.ts';
import { type ImportedStep, type ImportedTier } from './imported-tier.ts';
import { saysTransaction } from './migration-part.ts';
import { type Declared } from './names.ts';
import { type Parser } from './parser.ts';
import { type Imported, type RecordedMigration, type Tier } from './release.ts';

/**
 * Holds that the tiers of a migration without a transaction are its statements, in their order, before the tier that writes its row: so the row says
 * that all of them ran.
 *
 * Errors  IMPORT_STATEMENTS, IMPORT_HISTORY, NAME_UNKNOWN, NAME_TWICE as problems.
 */
export function checkParts(
  { manifest, placeOf, files, parser }: Declared & { readonly files: ReleaseFiles; readonly parser: Parser },
  {
    of,
    imported,
    expected,
    text,
  }: {
    readonly of: RecordedMigration;
    readonly imported: Imported;
    readonly expected: ImportedTier;
    /** Of the file. */
    readonly text: string;
  },
  { tiers, after, before }: { readonly tiers: readonly Tier[]; readonly after: number; readonly before: number },
): readonly Problem[] {
  const { parts = [] } = of;
  const at = imported.migrations.indexOf(of);
  const place = placeOf(['import', 'migrations', at, 'parts']);
  const other = ({ problem, facts }: Stated): Problem => ({
    code: 'IMPORT_STATEMENTS',
    problem: printable(problem),
    facts,
    fix: 'let oneroof import write this part of release.yaml',
    place,
  });
  if (parts.length !== expected.parts.length)
    return [
      other(
        stated`${{ file: of.file }} has ${{ expected: expected.parts.length }} tiers before ${{ tier: of.tier }}, and \`parts\` names ${{ parts: parts.length }}`,
      ),
    ];
  if (parts.length > 0 && saysTransaction(imported.tool, text))
    return [other(stated`${{ tool: imported.tool }} runs ${{ file: of.file }} in one transaction, so it is one tier`)];
  let last = after;
  return parts.flatMap((id, index): readonly Problem[] => {
    const part = expected.parts[index];
    const tier = tiers.find((one) => one.id === id);
    if (part === undefined || tier === undefined || tier.order <= last || tier.order >= before)
      return [
        {
          code: tier === undefined ? 'NAME_UNKNOWN' : 'NAME_TWICE',
          ...stated`the tier ${{ tier: id }} is ${tier === undefined ? 'unknown' : 'named twice, or out of order'}`,
          fix: 'name each tier of the migration once, in the order of `tiers`, before the one that writes its row',
          place,
        },
      ];
    last = tier.order;
    const declared = manifest.tiers.findIndex((one) => one.id === id);
    const compared = (side: 'up' | 'down', wanted: readonly string[]): readonly Problem[] => {
      const file = `tiers/${id}/${side}.sql`;
      if (!files.has(file)) return [];
      const steps = wanted.map((sql): ImportedStep => ({ what: 'file', sql }));
      return compare(steps, tier[side], { file, of: side === 'up' ? of.file : (of.down?.file ?? of.file) });
    };
    return [
      ...(tier.transaction === part.transaction
        ? []
        : [
            {
              code: 'IMPORT_STATEMENTS' as const,
              ...stated`${{ tier: id }} has \`transaction: ${{ transaction: tier.transaction }}\`, and ${{ file: printable(of.file) }} runs otherwise`,
              fix: `write \`transaction: ${part.transaction}\``,
              place: placeOf(['tiers', declared, 'transaction']),
            },
          ]),
      ...(tier.barred === null
        ? []
        : [
            {
              code: 'IMPORT_HISTORY' as const,
              ...stated`${{ tier: id }} is barred, and the row of the history would say that it ran`,
              fix: 'remove `barred`; what must not run yet is imported later',
              place: placeOf(['tiers', declared, 'barred']),
            },
          ]),
      ...compared('up', part.up),
      ...(part.down === null ? checkOwn(tier.down, { parser, imported, searchPath: [] }) : compared('down', part.down)),
    ];
  });
}
