import { z } from 'zod';
import { type Field } from './agent-tool.ts';

/** The longest text of a call. Characters. */
export const longest = 400;
/** A text of a call. */
export const words = z.string().max(longest);
/** A switch of a call. */
export const switched = z.boolean();

/** A value of a call; with no more said, an option that its form alone bounds. */
export const field = (form: z.ZodType, text: string, of: Partial<Field> = {}): Field => ({
  kind: 'plain',
  argument: null,
  ...of,
  form: form.describe(text),
});
/** A folder that is there: the first argument. */
export const folderField = (text: string, of: Partial<Field> = {}): Field =>
  field(words.optional(), text, { kind: 'folder', argument: 0, ...of });

/** The release, of which a tool is. */
export const releaseField = folderField(
  'the folder of the release, from the folder of the server; default: that folder itself',
);
/** The target of a tool for one. */
export const oneTarget = field(words.optional(), 'a target of oneroof.yaml; default: the default target', {
  kind: 'target',
});
/** The target of a tool that speaks of each. */
export const eachTargetField = field(words.optional(), 'one target of oneroof.yaml; default: all targets', {
  kind: 'target',
});
