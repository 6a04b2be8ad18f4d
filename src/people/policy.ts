import { canonicalJson, digest, type Digest, stated } from '../core/index.ts';
import { type Parsed, parseYaml } from '../yaml/index.ts';
import { type Policy } from './documents.ts';
import {
  canonicalDuration,
  canonicalRoots,
  policyForm,
  type ReadFile,
  writtenDuration,
  writtenRoots,
} from './policy-form.ts';

/** Text that is not trusted yet, and its name in problem reports. */
export interface UntrustedText {
  readonly file: string;
  readonly text: string;
}

/** A text without a file cannot refer to other files. */
const noFiles = { problem: 'no files can be read from here' };

/**
 * Reads policy.yaml: a checked policy, or all problems at once. `read` reads the files that it names, of roots.
 *
 * Errors  none thrown; POLICY_INVALID and YAML_SYNTAX as problems, each with line and column.
 * Source  docs/FORMAT.md "Policy".
 */
export function parsePolicy(written: UntrustedText, read: ReadFile = () => noFiles): Parsed<Policy> {
  const schema = policyForm({ duration: writtenDuration, roots: writtenRoots(read) });
  return parseYaml({ ...written, schema, invalid: 'POLICY_INVALID' });
}

const canonicalForm = policyForm({ duration: canonicalDuration, roots: canonicalRoots });

/**
 * Reads a policy's canonical document, as the target database keeps it; any other bytes are refused.
 *
 * Errors  none thrown; POLICY_INVALID and YAML_SYNTAX as problems.
 */
export function parsePolicyDocument(written: UntrustedText): Parsed<Policy> {
  const parsed = parseYaml({ ...written, schema: canonicalForm, invalid: 'POLICY_INVALID' });
  return canonicalOnly(parsed, { written, document: policyDocument, code: 'POLICY_INVALID' });
}

/** The parsed document, if the text is its one canonical spelling. */
export function canonicalOnly<T>(
  parsed: Parsed<T>,
  of: {
    readonly written: UntrustedText;
    readonly document: (value: T) => string;
    readonly code: 'POLICY_INVALID' | 'REGISTRY_INVALID';
  },
): Parsed<T> {
  const { written, document, code } = of;
  if (!parsed.ok || document(parsed.value) === written.text) return parsed;
  return {
    ok: false,
    problems: [
      {
        code,
        ...stated`the document is not canonical JSON`,
        fix: `use the document that \`oneroof ${code === 'POLICY_INVALID' ? 'policy' : 'registry'} check --json\` prints`,
        place: { file: written.file, line: 1, column: 1 },
      },
    ],
  };
}

/** The bytes of a policy for its digest. */
export function policyDocument(policy: Policy): string {
  return canonicalJson(policy);
}

/** The digest by which a ratification names the policy. */
export function policyDigest(policy: Policy): Digest {
  return digest('policy', [policyDocument(policy)]);
}
