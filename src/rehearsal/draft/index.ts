export { draftDown, type DraftedDown } from './try-draft.io.ts';
