import { OneRoofError, stated } from '../core/index.ts';
import { parseYaml } from '../yaml/index.ts';
import { type Manifest, manifestSchema, otherwise } from './manifest.ts';

/**
 * Reads release.yaml by itself, not against the other files.
 *
 * Errors  YAML_SYNTAX, YAML_INVALID.
 */
export function readManifest(text: string): Manifest {
  const parsed = parseYaml({
    file: 'release.yaml',
    text,
    schema: manifestSchema,
    invalid: 'YAML_INVALID',
    instead: otherwise,
  });
  if (parsed.ok) return parsed.value;
  OneRoofError.throwIfAny(parsed.problems);
  throw new OneRoofError('INTERNAL', {
    ...stated`release.yaml was neither read nor refused`,
    fix: 'please report this',
  });
}
