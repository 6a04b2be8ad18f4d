export { compareBoundary, recordPoint } from './boundaries.io.ts';
export {
  boundariesOf,
  type BoundaryState,
  chooseBoundaries,
  forwardOrder,
  leftOut,
  reversibleParts,
  type TierChain,
  unprovenBoundary,
} from './boundaries.ts';
export { boundaryForm, type BoundaryResult, stopForm } from './boundary.ts';
export { proveStops } from './stops.io.ts';
export { stopText } from './stops.ts';
