import { readGolden } from '../clone/index.ts';
import { type Reader } from '../core/index.ts';
import { type DossierRecord, readDossier } from '../dossier/index.ts';
import { type Evidence as EvidenceOf, type EvidenceStore, readStore, type Readers } from '../evidence/index.ts';
import { readPeopleRecord, readProposal, readReading } from '../gate/index.ts';
import { readRehearsal } from '../rehearsal/index.ts';
import { readSealRecord } from '../release/index.ts';
import { type Report, type ReportBodies, readReport } from '../report/index.ts';
import { readExecution } from '../rollout/index.ts';

/** The body of every kind of evidence. */
export interface Bodies extends ReportBodies {
  readonly baseline: never;
  readonly verification: never;
  readonly dossier: DossierRecord;
  readonly report: Report;
}

/** A piece of evidence with the body of its kind, or why that cannot be read. */
export type Evidence = EvidenceOf<Bodies>;

/** Where evidence is kept, read by the readers below. */
export type Store = EvidenceStore<Evidence>;

/** No stage records this kind, so whatever is recorded under it says nothing. */
const unrecorded: Reader<never> = () => ({ readable: false, reason: 'nothing of this program records this kind' });

/** The one reader of each kind of evidence, from beside the type of its stage. */
export const readers: Readers<Bodies> = {
  seal: readSealRecord,
  golden: readGolden,
  rehearsal: readRehearsal,
  gate: readReading,
  baseline: unrecorded,
  verification: unrecorded,
  ratification: readPeopleRecord,
  decline: readPeopleRecord,
  revocation: readPeopleRecord,
  abandonment: readPeopleRecord,
  adoption: readPeopleRecord,
  execution: readExecution,
  dossier: readDossier,
  proposal: readProposal,
  report: readReport,
};

/** A store as the rest of the program uses it: no body leaves it unread. */
export function readable(store: EvidenceStore): Store {
  return readStore(store, readers);
}
