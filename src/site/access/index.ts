export { sendEvents } from './events.io.ts';
export { buildSite } from './site.io.ts';
export { outward } from './outward.ts';
