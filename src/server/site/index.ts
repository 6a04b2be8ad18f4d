export { sendEvents } from './events.io.ts';
export { buildSite } from './site.io.ts';
