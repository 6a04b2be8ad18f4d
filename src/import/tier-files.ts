import { type ImportedTier, journalFile, type RecordedMigration } from '../release/index.ts';
import { type PendingTier } from './pending-tiers.ts';
import { type ImportedParts } from './release-yaml.ts';

/** A tier with its migration, under its id. */
export interface NamedTier extends Pick<PendingTier, 'tier' | 'copies' | 'oneWay'> {
  readonly record: RecordedMigration;
  readonly title: string;
}

/** What a release holds of the repository. */
export interface SealedFiles {
  readonly tiers: readonly NamedTier[];
  /** The text of Drizzle's journal; null: the tool has none. */
  readonly journal: string | null;
}

/** The tiers of a migration, for release.yaml. */
export function tiersOf({ record, title, tier, oneWay: why }: NamedTier): ImportedParts['tiers'] {
  const { parts } = tier;
  const of = (at: number): string => (parts.length === 1 ? '' : `, part ${at + 1} of ${parts.length}`);
  return [
    ...parts.map(({ transaction }, at) => ({
      id: record.parts?.[at] ?? '',
      title: `${title}${of(at)}`,
      why,
      transaction,
    })),
    {
      id: record.tier,
      title: parts.length === 0 ? title : `${title}, row of the history`,
      why,
      transaction: 'single' as const,
    },
  ];
}

/** The files of imported tiers and of their metrics, but for release.yaml. */
export function filesOf({ tiers, journal }: SealedFiles, parts: ImportedParts): ReadonlyMap<string, string> {
  return new Map([
    ...(journal === null ? [] : [[journalFile, journal] as const]),
    ...tiers.flatMap(({ record, tier, copies, oneWay }): (readonly [string, string])[] => {
      const isApart = tier.parts.length > 0;
      const between = isApart ? recorded : inOne;
      const fileOf = (id: string, side: 'up' | 'down', steps: readonly string[], how: string) =>
        [
          `tiers/${id}/${side}.sql`,
          sqlOf(steps, `the ${side} of ${side === 'up' ? record.file : (record.down?.file ?? record.file)}${how}`),
        ] as const;
      const textsOf = (steps: NonNullable<ImportedTier['down']>): readonly string[] => steps.map(({ sql }) => sql);
      return [
        ...copies,
        ...tier.parts.flatMap((part, at) => {
          const id = record.parts?.[at] ?? '';
          return [
            fileOf(id, 'up', part.up, apart),
            ...(part.down === null || oneWay !== null ? [] : [fileOf(id, 'down', part.down, apart)]),
          ];
        }),
        fileOf(record.tier, 'up', textsOf(tier.up), between),
        ...(tier.down === null || oneWay !== null ? [] : [fileOf(record.tier, 'down', textsOf(tier.down), between)]),
      ];
    }),
    ...parts.metrics.map(
      ({ name, query }) => [`metrics/${name}.sql`, `-- Written by oneroof import.\n${query};\n`] as const,
    ),
  ]);
}

const inOne = ', between the lock of the tool and the row of its history';
const apart = ', which its tool runs without a transaction; a later tier writes the row of its history';
const recorded = ': the row of its history, after the tiers with its statements';

/** The statements of a tier. The semicolon is on a line of its own where a comment could hide it. */
function sqlOf(steps: readonly string[], of: string): string {
  const ended = (sql: string): string => `${sql}${sql.split('\n').at(-1)?.includes('--') === true ? '\n' : ''};\n`;
  return [`-- Written by oneroof import from ${of}.\n`, ...steps.map(ended)].join('\n');
}
