import { canonicalJson, digest } from '../../core/index.ts';
import type { Noticed, SchemaFingerprint, SchemaObject } from '../fingerprint.ts';

/** The model of a schema, or of a part of it, from its objects in any order. */
export function fingerprintOf(found: readonly SchemaObject[], noticed: readonly Noticed[]): SchemaFingerprint {
  // what else is known of an object is no part of the model
  const keyed = found.map(
    ({ kind, name, logical, strict }) => [`${kind}\0${name}`, { kind, name, logical, strict }] as const,
  );
  const objects = keyed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  // written once: strict follows logical, because kind, logical, name and strict are in canonical order
  const logical = objects.map(({ kind, name, logical }) => canonicalJson({ kind, logical, name }));
  const all = objects.map(({ strict }, index) => `${logical[index]?.slice(0, -1)},"strict":${canonicalJson(strict)}}`);
  return { version: 1, digest: digest('schema', all), logicalDigest: digest('schema', logical), objects, noticed };
}
