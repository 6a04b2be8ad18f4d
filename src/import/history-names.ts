import { histories } from './tool-histories.ts';

/** The tools that keep their history in a table of this name (`schema.name`, quoted as in SQL), where their own setting names no other one. */
export function toolsRecordingIn(relation: string): readonly string[] {
  return Object.entries(histories).flatMap(([tool, { table }]) =>
    relation === table || (!table.includes('.') && relation.endsWith(`.${table}`)) ? [tool] : [],
  );
}
