export { type Bodies, type Evidence, readable, readers, type Store } from './kinds.ts';
