export { differencesOf, schemasOf } from './clone-difference.ts';
export {
  compareTwoClones,
  compareWithGolden,
  compareWithTwin,
  markClone,
  schemaDifferences,
} from './compare-clones.io.ts';
export { type Comparing, type Finalized, type MarkedClone, type Varying } from './marked-clone.ts';
export { withMarkedClone, withOwnClone } from './own-clone.io.ts';
export { type Proof, proofForm } from './proof-form.ts';
export { declaredColumns, explained, explainProof, incomplete, isDeclared, proofOf, stale, varying } from './proof.ts';
export { splitName } from './relation-name.ts';
export { heldBy, touchedBy, touchedForm, undeclared } from './touched.ts';
