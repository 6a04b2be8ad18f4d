export { batchOf, hintBatches } from './batches.ts';
export { isTouched, meets } from './expectation.ts';
export { historyNames, toolsRecordingIn } from './history-names.ts';
export { loadParser } from './parser.io.ts';
export { type Parser, type Statement } from './parser.ts';
export { cutAsPsql } from './psql.ts';
export { type ImportedMetric, metricsOf } from './import-metrics.ts';
export { journalFile } from './drizzle-journal.ts';
export { fileDigest } from './imported-form.ts';
export { type ImportedStep, type ImportedTier, importedTier } from './imported-tier.ts';
export {
  flywayChecksum,
  historyName,
  type ImportedTool,
  importedTools,
  type ToolHistory,
  toolRows,
} from './tool-rows.ts';
export { explainRow, migrationFactsForm, migrationFactsOf } from './migration-facts.ts';
export { migrationsFolder } from './tool-steps.ts';
export { readManifest } from './read-manifest.ts';
export { readFiles } from './files.io.ts';
export { type ReleaseFiles } from './files.ts';
export { unwrapped } from './sequence.ts';
export { writtenTables } from './written-tables.ts';
export {
  checkSeal,
  lintRelease,
  readRelease,
  readSealed,
  readSealedSources,
  readSources,
  readWithoutDown,
  type SealCheck,
  sealRelease,
} from './release.io.ts';
export type * from './release.ts';
export { commitsBySteps } from './release.ts';
export { asConcurrently, outsideShapes } from './outside-shape.ts';
export { type Probe } from './probe.ts';
export { explainOutside, explainProbe } from './probe-words.ts';
export { ownSettings } from './release-settings.ts';
export { readSealRecord, releaseOfSeal, type SealRecord } from './sealed.ts';
export { writeDraftDown } from './write-draft.io.ts';
export { type RolledOut } from './draft-back.ts';
export {
  initRelease,
  newTier,
  refuseExistingRelease,
  slugOf,
  writeDraftBack,
  writeReleaseFiles,
} from './scaffold.io.ts';
export { type ChangedPart, diffReleases } from './release-diff.ts';
export { type SealChange, type SealDocument, sealDocument } from './seal.ts';
export { type SqlPiece } from './scan.ts';
