export type * from './gate.ts';
export { explainReason, judge, type Measured, required } from './judge.ts';
export { type BaselineReading, type Look, readBaseline, readGate } from './monitor.io.ts';
