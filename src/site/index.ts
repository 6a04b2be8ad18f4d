export { type ServePlan, serveSite, type Serving } from './serve-site.io.ts';
export { startEmbeddedState } from './state/index.ts';
export { drawToken } from './token.io.ts';
