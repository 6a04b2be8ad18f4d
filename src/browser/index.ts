export { type ActivityView, type RecordedView, type ScriptName } from './wire.ts';
