export { draftDown, type DraftedDown } from './draft-down.io.ts';
