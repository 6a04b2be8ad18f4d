import { digest, type Digest } from '../core/index.ts';
import { type Evidence } from '../evidence/index.ts';
import { type Dossier } from './dossier.ts';
import { dossierText } from './text.ts';

/** A dossier as it is kept: evidence of kind `dossier`. */
export interface DossierRecord {
  readonly version: 1;
  readonly dossier: Dossier;
  /** Of its text: what a statement names. */
  readonly digest: Digest;
}

/** A dossier with its text. */
export interface ShownDossier extends DossierRecord {
  readonly text: string;
}

/** Writes a dossier's text, and the digest that is signed. */
export function show(dossier: Dossier): ShownDossier {
  const text = dossierText(dossier);
  return { version: 1, dossier, text, digest: digest('dossier', [text]) };
}

/**
 * The recorded dossier that a statement names by its digest; null where there is none.
 *
 * The text is written anew from the model and must have that digest: so a page that is drawn from the model shows what was signed, and a
 * record whose two halves were made to differ is none.
 */
export function findDossier(evidence: readonly Evidence[], of: Digest): ShownDossier | null {
  for (const piece of evidence) {
    if (piece.entry.kind !== 'dossier' || !piece.readable) continue;
    const record = piece.body as Partial<DossierRecord> | null;
    if (record?.digest !== of || record.version !== 1 || record.dossier?.version !== 1) continue;
    const shown = shownOf(record.dossier);
    if (shown?.digest === of && shown.dossier.release.seal === piece.entry.seal) return shown;
  }
  return null;
}

/** Null where it is no dossier: whoever holds a key that signs evidence may record anything under that name. */
function shownOf(dossier: Dossier): ShownDossier | null {
  try {
    return show(dossier);
  } catch {
    return null;
  }
}
