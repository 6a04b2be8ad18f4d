export type * from './gate.ts';
export { explainReason, judge, type Measured } from './judge.ts';
export { type BaselineReading, type Look, readBaseline, readGate } from './monitor.io.ts';
