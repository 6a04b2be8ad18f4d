import { LineCounter, parseDocument, isMap, isScalar, type Document } from 'yaml';
import type { z } from 'zod';
import { type ErrorCode, type Place, type Problem, stated } from '../core/index.ts';

/** The outcome of reading untrusted text: a checked value with the places of its parts, or all problems at once. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T; readonly placeOf: (path: readonly PropertyKey[]) => Place }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What is read, and under which names its problems are reported. */
export interface YamlSource<T> {
  readonly file: string;
  readonly text: string;
  readonly schema: z.ZodType<T>;
  /** The code of a value that does not fit the schema. */
  readonly invalid: Extract<ErrorCode, 'YAML_INVALID' | 'CONFIG_INVALID' | 'POLICY_INVALID' | 'REGISTRY_INVALID'>;
  /** What to do about a value that does not fit, where the schema names nothing better. */
  readonly fix?: string;
  /** Keys of the document that are unknown and have a fix of their own, e.g. a command that does it instead. */
  readonly instead?: Readonly<Record<string, string>>;
}

/** What a schema may add to a problem of its own (`params` of a custom issue): the fix, and that the line holds a secret. */
export interface IssueFacts {
  readonly fix: string;
  readonly isSecret: boolean;
}

/**
 * Reads YAML 1.2 text against a schema. Duplicate keys, tabs, aliases and several documents are refused.
 *
 * Errors  none thrown; YAML_SYNTAX or the given code as problems, each with line and column.
 * Source  YAML 1.2 core schema; docs/FORMAT.md "release.yaml".
 */
export function parseYaml<T>(source: YamlSource<T>): Parsed<T> {
  const lines = new LineCounter();
  const document = parseDocument(source.text, {
    lineCounter: lines,
    version: '1.2',
    uniqueKeys: true,
    prettyErrors: false,
  });
  const excerptOf = (line: number): string => source.text.split('\n')[line - 1] ?? '';
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file: source.file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map((error) => {
        const place = at(error.pos[0]);
        return {
          code: 'YAML_SYNTAX',
          ...stated`this is not valid YAML: ${{ said: error.message }}`,
          fix:
            error.code === 'TAB_AS_INDENT'
              ? 'indent with spaces'
              : error.code === 'DUPLICATE_KEY'
                ? 'keep one of the two keys'
                : 'correct the YAML at this place',
          place,
          excerpt: excerptOf(place.line ?? 1),
        } as const;
      }),
    };
  }
  const placeOf = (path: readonly PropertyKey[]): Place => at(offsetOf(document, path));
  let plain: unknown;
  try {
    plain = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    return {
      ok: false,
      problems: [
        {
          code: 'YAML_SYNTAX',
          ...stated`aliases are not allowed here: ${{ said: (error as Error).message }}`,
          fix: 'write the value out at each place',
          place: { file: source.file, line: 1, column: 1 },
        },
      ],
    };
  }
  const checked = source.schema.safeParse(plain ?? {});
  if (checked.success) return { ok: true, value: checked.data, placeOf };
  return {
    ok: false,
    problems: checked.error.issues.flatMap((issue) => {
      const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
      return unknown.map((key): Problem => {
        const path = key === undefined ? issue.path : [...issue.path, key];
        const place = placeOf(path);
        const facts = factsOf(issue);
        const name = path.length === 0 ? 'the document' : path.map(String).join('.');
        return {
          code: source.invalid,
          ...(key === undefined
            ? stated`${{ key: name }}: ${{ said: issue.message }}`
            : stated`${{ key: name }}: this key is unknown`),
          fix:
            key === undefined
              ? (facts.fix ?? source.fix ?? 'correct the value; docs/FORMAT.md describes its form')
              : (source.instead?.[name] ?? 'remove the key, or correct its spelling'),
          place,
          ...(facts.isSecret === true ? {} : { excerpt: excerptOf(place.line ?? 1) }),
        };
      });
    }),
  };
}

function factsOf(issue: z.core.$ZodIssue): Partial<IssueFacts> {
  return issue.code === 'custom' ? (issue.params ?? {}) : {};
}

/** The offset of the deepest node on a path that exists: a missing key is reported at its parent. For a key, the key itself. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === last);
      const key = pair?.key as { range?: readonly number[] } | undefined;
      if (key?.range?.[0] !== undefined) return key.range[0];
    } else {
      const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined;
      if (node?.range?.[0] !== undefined) return node.range[0];
    }
  }
  return 0;
}
