export { startEmbeddedState } from './embedded.io.ts';
export { openState, type State } from './state.io.ts';
