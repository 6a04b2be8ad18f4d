import { type Dossier } from '../dossier.ts';
import { type Pieces } from '../../html/index.ts';

/** What the page draws beside the dossier itself. */
export interface DossierView {
  readonly dossier: Dossier;
  /** The text whose digest is in the statement, to the byte. */
  readonly text: string;
  readonly textDigest: string;
  /** Cuts SQL for its colours. */
  readonly pieces: (sql: string) => Pieces;
}
