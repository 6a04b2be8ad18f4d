import { type EvidencePlace } from '../setup/index.ts';
import { type ActivityBoard } from './activity.ts';
import { openFolderBoard } from './folder.io.ts';
import { openPostgresBoard } from './postgres.io.ts';

/** Opens the board beside the evidence that oneroof.yaml names: commands and the site meet there. */
export function openBoard(evidence: EvidencePlace): ActivityBoard {
  return evidence.kept === 'folder' ? openFolderBoard(evidence.folder) : openPostgresBoard(evidence.connection);
}
