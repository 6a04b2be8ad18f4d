import { type EvidenceKind } from '../evidence/index.ts';

/** What a key of software may say, sorted as in a registry. */
export const rights = ['look', 'propose', 'record', 'rehearse', 'review', 'seal'] as const;
export type Right = (typeof rights)[number];

/** The right that each kind of evidence needs of the key that signed its entry. */
export const rightFor: Readonly<Record<EvidenceKind, Right>> = {
  seal: 'seal',
  golden: 'rehearse',
  rehearsal: 'rehearse',
  gate: 'look',
  baseline: 'look',
  verification: 'look',
  dossier: 'propose',
  proposal: 'propose',
  ratification: 'record',
  decline: 'record',
  revocation: 'record',
  abandonment: 'record',
  adoption: 'record',
  rules: 'record',
  execution: 'record',
  review: 'review',
  report: 'record',
};
