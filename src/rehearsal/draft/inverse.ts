import { type Step } from '../../release/index.ts';

const part = String.raw`(?:"(?:[^"]|"")+"|[\w$]+)`;
const name = String.raw`(?:${part}\s*\.\s*)?${part}`;
/** The arguments of a function, or the table of a trigger. */
const rest = String.raw`(?:\s*\([^()]*\)|\s+on\s+${name})?`;

/** Of an object: what stands before its name, the schema, the name, its arguments, the new name. */
const ofObject = new RegExp(
  String.raw`^(alter\s+[a-z ]+?\s+(?:if\s+exists\s+)?(?:only\s+)?)((?:${part}\s*\.\s*)?)(${part})(${rest})\s+rename\s+to\s+(${part})$`,
  'i',
);
/** Of a part of an object: what stands before the two names. */
const ofPart = new RegExp(
  String.raw`^(alter\s+[a-z ]+?\s+(?:if\s+exists\s+)?(?:only\s+)?${name}\s+rename\s+(?:(?:column|constraint|attribute)\s+)?)(?!to\s)(${part})\s+to\s+(${part})(?:\s+(?:cascade|restrict))?$`,
  'i',
);
/** Of a label of an enum. */
const ofLabel = new RegExp(
  String.raw`^(alter\s+type\s+${name}\s+rename\s+value\s+)('(?:[^']|'')+')\s+to\s+('(?:[^']|'')+')$`,
  'i',
);
/** Of an object that moves. */
const ofSchema = new RegExp(
  String.raw`^(alter\s+[a-z ]+?\s+(?:if\s+exists\s+)?(?:only\s+)?)(?:(${part})\s*\.\s*)?(${part}(?:\s*\([^()]*\))?)\s+set\s+schema\s+(${part})$`,
  'i',
);

/**
 * The statement that undoes a rename or a move to another schema; null for any other statement, and where its text does not tell. A difference
 * of two schemas shows these as one object that is gone and another that is new, which would be dropped and made again with its rows.
 * `schema`: where an object is that the statement names without one, quoted as in SQL.
 */
export function inverseOf({ sql }: Pick<Step, 'sql'>, schema: string): string | null {
  const text = sql.trim().replace(/\s*;$/, '');
  const label = ofLabel.exec(text);
  if (label !== null) return `${label[1] ?? ''}${label[3] ?? ''} to ${label[2] ?? ''};`;
  const moved = ofSchema.exec(text);
  if (moved !== null) return `${moved[1] ?? ''}${moved[4] ?? ''}.${moved[3] ?? ''} set schema ${moved[2] ?? schema};`;
  const object = ofObject.exec(text);
  if (object !== null)
    return `${object[1] ?? ''}${object[2] ?? ''}${object[5] ?? ''}${object[4] ?? ''} rename to ${object[3] ?? ''};`;
  const inner = ofPart.exec(text);
  return inner === null ? null : `${inner[1] ?? ''}${inner[3] ?? ''} to ${inner[2] ?? ''};`;
}
