export { perform } from './act.io.ts';
export { type Ground, withGround } from './ground.io.ts';
