export { openApi } from './api/openapi.ts';
export { type ServePlan, serveSite, type Serving } from './serve.io.ts';
export { startEmbeddedState } from './state/index.ts';
