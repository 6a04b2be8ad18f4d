import { z } from 'zod';
import { digest, type Digest, digestForm, type Formed, recordReader } from '../core/index.ts';
import { type Evidence, ofKind } from '../evidence/index.ts';
import { type Rehearsal } from '../rehearsal/index.ts';
import { type ReviewRecord } from '../reviews/index.ts';
import { type Dossier, dossierForm } from './dossier.ts';
import { dossierText } from './dossier-text.ts';

/** A recorded dossier, with the digest of its text, which a statement names: evidence of kind `dossier`. */
const form = z.object({ version: z.literal(1), dossier: dossierForm, digest: digestForm });
export type DossierRecord = Formed<typeof form>;
export const readDossier = recordReader(form);

/** A dossier with its text. */
export interface ShownDossier extends DossierRecord {
  readonly text: string;
}

/** Writes a dossier's text, and the digest that is signed. */
export function show(dossier: Dossier): ShownDossier {
  const text = dossierText(dossier);
  return { version: 1, dossier, text, digest: digest('dossier', [text]) };
}

/** The evidence that dossiers are written from and found in. */
export type DossierEvidence = Evidence<{
  readonly rehearsal: Rehearsal;
  readonly review: ReviewRecord;
  readonly dossier: DossierRecord;
}>;

/**
 * The recorded dossier that a statement names by its digest; null where there is none.
 *
 * The text is rewritten from the model and must have that digest: so a page that is drawn from the model shows what was signed, and a
 * record whose two halves were made to differ is none.
 */
export function findDossier(evidence: readonly DossierEvidence[], of: Digest): ShownDossier | null {
  for (const piece of ofKind(evidence, 'dossier')) {
    if (!piece.readable || piece.body.digest !== of) continue;
    const shown = show(piece.body.dossier);
    if (shown.digest === of && shown.dossier.release.seal === piece.entry.seal) return shown;
  }
  return null;
}
