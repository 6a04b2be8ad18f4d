export { openCloneHost } from './clone/index.ts';
export { type ErrorCode, OneRoofError, type Problem } from './core/index.ts';
export { type EvidenceStore, openFolderStore } from './evidence/index.ts';
export { type GateReading, readGate } from './gate/index.ts';
export { gateStage, goldenStage, rehearsalStage, reportStage, sealStage } from './pipeline.io.ts';
export { type Rehearsal, rehearse } from './rehearsal/index.ts';
export { buildReport, type Report, toHtml, toMarkdown } from './report/index.ts';
export { checkSeal, lintRelease, readSealed, type Release, type SealedRelease, sealRelease } from './release/index.ts';
export { readSetup, type Setup } from './setup/index.ts';
