export { readSchemaDigests } from './gate-schema.io.ts';
export { judgeWithGate, withGateTimes } from './gate-time.ts';
export { beginFootprint, endFootprint, lockedBy, lockedByQueries, readPoint } from './measured-footprint.io.ts';
export { type FootprintStart, type SeenLock, type SeenPoint } from './measured-footprint.ts';
export { namedByProbes } from './named-by-probes.io.ts';
