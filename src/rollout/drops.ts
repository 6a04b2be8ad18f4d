import { type Rehearsal } from '../rehearsal/index.ts';

/** A table or a column that the rollout creates; a rollback drops it with what users wrote to it. */
export interface DroppedObject {
  /** As the server writes names: quoted where they must be. */
  readonly name: string;
  readonly kind: 'table' | 'column';
  /** Rows that the rollout itself wrote to a table on the clone; null for a column. */
  readonly written: number | null;
}

/** The same, with what is in it now. */
export interface DroppedRows extends DroppedObject {
  /** Rows of the table, or rows that have a value in the column; null where they could not be counted. */
  readonly rows: number | null;
  /** Whether there are more than were counted. */
  readonly more: boolean;
}

/** Finds what a rollback drops that users can write to, from what the rehearsal saw the rollout create. A table includes its columns. */
export function droppedBy({ changes, stages }: Pick<Rehearsal, 'changes' | 'stages'>): readonly DroppedObject[] {
  const made = (changes?.objects ?? []).filter(({ change }) => change === 'made');
  const tables = made.filter(({ kind }) => kind === 'table').map(({ name }) => name);
  const steps = stages.find(({ stage }) => stage === 'forward')?.steps ?? [];
  const written = (name: string): number =>
    steps
      .flatMap(({ rowsByRelation }) => rowsByRelation)
      .filter(({ relation }) => relation === name)
      .reduce((sum, { inserted, deleted }) => sum + inserted - deleted, 0);
  return [
    ...tables.map((name): DroppedObject => ({ name, kind: 'table', written: written(name) })),
    ...made
      .filter(({ kind, name }) => kind === 'column' && !tables.some((table) => name.startsWith(`${table}.`)))
      .map(({ name }): DroppedObject => ({ name, kind: 'column', written: null })),
  ];
}

/** Says it in one line; null if it contains only what the rollout wrote. */
export function explainDropped({ name, kind, written, rows, more }: DroppedRows): string | null {
  if (rows === null) return `the rollback drops ${kind} ${name}: its rows could not be counted`;
  if (rows <= (written ?? 0) && !more) return null;
  const count = `${more ? 'more than ' : ''}${rows.toLocaleString('en-US')} row${rows === 1 ? '' : 's'}`;
  const own =
    written === null || written <= 0
      ? ''
      : ` (the rollout itself wrote ${written.toLocaleString('en-US')} on the clone)`;
  return kind === 'table'
    ? `the rollback drops table ${name} with ${count}${own}`
    : `the rollback drops column ${name}: ${count} ${rows === 1 ? 'has' : 'have'} a value in it`;
}
