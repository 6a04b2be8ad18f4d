export { buildSite } from './site.io.ts';
