export { annotationsOf } from './annotations.ts';
export {
  type KnownFaults,
  baselineOf,
  compareBaseline,
  type Compared,
  type KnownFault,
  readKnownFaults,
} from './baseline.ts';
export { commentMarker, commentOf } from './comment.ts';
export { junitOf } from './junit.ts';
export { sarifOf } from './sarif.ts';
