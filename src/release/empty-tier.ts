import { type Problem, stated } from '../core/index.ts';
import { type ReleaseFiles } from './files.ts';
import { type Manifest } from './manifest.ts';
import { undoesNothing } from './outside-rule.ts';
import { type Direction, type Tier } from './release.ts';

/** A direction without a statement is refused; where the up may be empty and is, or only reindexes and vacuums, there is nothing to undo. */
export function emptyOf(
  { manifest, files }: { readonly manifest: Manifest; readonly files: ReleaseFiles },
  { folder, up, down }: { readonly folder: string } & Pick<Tier, 'up' | 'down'>,
): readonly Problem[] {
  const isDeclared = manifest.allows.emptyUp !== undefined;
  const empty = (direction: Direction, fix: string): Problem => ({
    code: 'STEPS_MISSING',
    ...stated`${{ folder }}/${{ direction }}.sql has no statement`,
    fix,
    place: { file: `${folder}/${direction}.sql`, line: 1, column: 1 },
  });
  const isUpEmpty = up.length === 0 && files.has(`${folder}/up.sql`);
  const isDownEmpty = down.length === 0 && files.has(`${folder}/down.sql`);
  return [
    ...(isUpEmpty && !isDeclared
      ? [
          empty(
            'up',
            'write the statements of the tier, or say why it has none under `allows: {emptyUp: …}` in release.yaml',
          ),
        ]
      : []),
    ...(isDownEmpty && !(isUpEmpty && isDeclared) && !undoesNothing(up)
      ? [
          empty(
            'down',
            'write the rollback; if there is nothing to undo, write `select 1;`, and the rehearsal checks that; if it is impossible, remove the file and mark the tier `oneWay: "<reason>"`',
          ),
        ]
      : []),
  ];
}
