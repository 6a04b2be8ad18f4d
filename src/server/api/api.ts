import { type z } from 'zod';
import { type Visit } from '../room.ts';

/** One address of the JSON API. */
export interface ApiRoute {
  /** As hono has it: `/api/releases/:seal`. */
  readonly path: string;
  readonly summary: string;
  /** What each part of the path, or of the query, means. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The form of the answer; every answer has it. */
  readonly answer: z.ZodType;
  /** null: it is not there. */
  readonly read: (visit: Visit) => Promise<object | null>;
}
