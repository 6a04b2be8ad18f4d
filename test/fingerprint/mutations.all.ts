import { columns } from './mutations.columns.ts';
import { constraints } from './mutations.constraints.ts';
import { databases } from './mutations.database.ts';
import { everyKind } from './mutations.kinds.ts';
import { rare } from './mutations.rare.ts';
import { relations } from './mutations.relations.ts';
import { routines } from './mutations.routines.ts';
import { type Mutation } from './mutations.ts';

/** All mutations of the fixture. */
export const mutations: readonly Mutation[] = [
  ...relations,
  ...columns,
  ...constraints,
  ...routines,
  ...rare,
  ...databases,
  ...everyKind,
];
