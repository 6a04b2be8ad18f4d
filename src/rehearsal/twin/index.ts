export { type Twin, twinForm } from './twin-form.ts';
export { forwardOnTwin, prepareTwin, readTables } from './twin.io.ts';
