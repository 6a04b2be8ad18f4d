import { type Place, type Problem, stated } from '../core/index.ts';
import { type Manifest } from './manifest.ts';

/** release.yaml as it was declared, where its parts stand, and what is found wrong with it. */
export interface Declared {
  readonly manifest: Manifest;
  readonly placeOf: (path: readonly PropertyKey[]) => Place;
  readonly problems: Problem[];
}

/** Holds that tiers are numbered from 1 without gaps or repetition, in order. */
export function checkNumbering({ manifest, placeOf, problems }: Declared): void {
  manifest.tiers.forEach(({ id }, index) => {
    if (Number.parseInt(id, 10) !== index + 1) {
      problems.push({
        code: 'TIER_NUMBERING',
        ...stated`tier ${{ name: id }} is at position ${{ position: index + 1 }}; tiers are numbered from 1, in order, without gaps or duplicates`,
        fix: `rename it and its folder to ${index + 1}-${id.replace(/^\d+-/, '')}`,
        place: placeOf(['tiers', index, 'id']),
      });
    }
  });
}

/** Holds that every metric and tier that is named is defined, and every id given once. */
export function checkNames({ manifest, placeOf, problems }: Declared): void {
  const unknown = (what: string, path: readonly PropertyKey[], known: readonly string[]): number =>
    problems.push({
      code: 'NAME_UNKNOWN',
      ...stated`${{ name: what }} is unknown`,
      fix: known.length === 0 ? 'define it in release.yaml' : `one of: ${known.join(', ')}`,
      place: placeOf(path),
    });
  const metrics = Object.keys(manifest.metrics);
  const tiers = manifest.tiers.map(({ id }) => id);
  for (const when of ['greenfield', 'finalized', 'always'] as const) {
    for (const name of Object.keys(manifest.invariants[when]))
      if (!metrics.includes(name)) unknown(`the metric ${name}`, ['invariants', when, name], metrics);
  }
  manifest.gates.forEach((gate, index) => {
    if (!metrics.includes(gate.metric)) unknown(`the metric ${gate.metric}`, ['gates', index, 'metric'], metrics);
    if (!tiers.includes(gate.before)) unknown(`the tier ${gate.before}`, ['gates', index, 'before'], tiers);
  });
  for (const list of ['gates', 'options'] as const) {
    const seen = new Set<string>();
    manifest[list].forEach(({ id }, index) => {
      if (seen.has(id))
        problems.push({
          code: 'NAME_TWICE',
          ...stated`${{ key: list }} holds ${{ name: id }} twice`,
          fix: 'give each its own id',
          place: placeOf([list, index, 'id']),
        });
      seen.add(id);
    });
  }
}

/** The problem of a file that nothing in release.yaml leads to. */
export function unusedFile(file: string, manifest: Manifest): Problem {
  const tier = /^tiers\/([^/]+)\//.exec(file)?.[1];
  if (tier !== undefined && !manifest.tiers.some(({ id }) => id === tier)) {
    return {
      code: 'TIER_UNLISTED',
      ...stated`${{ file }} belongs to a tier that release.yaml does not list`,
      fix: `add the tier ${tier} to release.yaml, or remove its folder`,
      place: { file },
    };
  }
  return {
    code: 'FILE_UNUSED',
    ...stated`${{ file }} is not part of the release: release.yaml does not name it`,
    fix: 'remove it, or name it in release.yaml; an unused file is not sealed',
    place: { file },
  };
}
