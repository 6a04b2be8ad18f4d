export { type RehearsalEvent, type RehearsalOptions, type Stage, stages, type StepEvent } from './rehearsal-options.ts';
