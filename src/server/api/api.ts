import { z } from 'zod';
import { type Visit } from '../room.ts';
import { reportForm } from '../../report/index.ts';
import { evidenceForm, releaseForm, releasesForm, standingForm, textForm } from './forms.ts';

/** One address of the JSON API, described. */
export interface ApiDescription {
  readonly summary: string;
  /** What each part of the path, or of the query, means. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The form of the answer; every answer has it. */
  readonly answer: z.ZodType;
}

/** What answers an address; null: it is not there. */
export type ApiRead = (visit: Visit) => Promise<object | null>;

const seal = 'the digest of the sealed release';
const target = 'the name of a target in oneroof.yaml';

/** Every address of the API, as hono has it, in the order of its description. */
export const api = {
  '/api/releases': { summary: 'every release, newest first', parameters: {}, answer: releasesForm },
  '/api/releases/:seal': { summary: 'one release in short', parameters: { seal }, answer: releaseForm },
  '/api/releases/:seal/report': {
    summary: 'the GO / NO-GO report, from the evidence, now',
    parameters: { seal },
    answer: reportForm,
  },
  '/api/releases/:seal/summary': {
    summary: 'the report as Markdown, fit for a comment',
    parameters: { seal },
    answer: textForm,
  },
  '/api/releases/:seal/targets/:target': {
    summary: 'where the release stands on a target: gate, ratification, tiers that are done',
    parameters: { seal, target },
    answer: standingForm,
  },
  '/api/releases/:seal/targets/:target/runbook': {
    summary: 'what a person at night follows',
    parameters: { seal, target },
    answer: textForm,
  },
  '/api/releases/:seal/targets/:target/prompt': {
    summary: 'what an agent may do now',
    parameters: { seal, target },
    answer: textForm,
  },
  '/api/evidence': {
    summary: 'the log, oldest first, with its checkpoint',
    parameters: { seal: `only of this release: ${seal}` },
    answer: evidenceForm,
  },
  '/api/evidence/:digest': {
    summary: 'one piece of evidence, as it was recorded',
    parameters: { digest: 'its digest' },
    answer: z.looseObject({}),
  },
} as const satisfies Readonly<Record<string, ApiDescription>>;
