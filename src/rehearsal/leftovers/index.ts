export { readConditions } from './leftovers.io.ts';
export { explainSkipped } from './skipped.io.ts';
export {
  type Conditions,
  judgeLeftovers,
  type Leftover,
  leftoverForm,
  leftoversBetween,
  skippedInvalid,
} from './leftovers.ts';
