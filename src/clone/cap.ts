import { formatSize, type Instant, OneRoofError, printable, stated } from '../core/index.ts';
import { type CloneCap } from '../setup/index.ts';
import { type DatabaseName } from './clone.ts';

/** What golden copies and clones of one setup hold. */
export interface HeldCopies {
  /** Of all of them, in bytes. */
  readonly bytes: number;
  /** Of the newest golden copy: a clone may grow to this at once. 0 where there is none. */
  readonly goldenBytes: number;
  readonly clones: readonly HeldClone[];
  /** What `gc` would free beside clones that are over. */
  readonly unusedBytes: number;
}

/** One clone of them. */
export interface HeldClone {
  readonly database: DatabaseName;
  readonly bytes: number;
  readonly expires: Instant;
  /** `gc` would drop it. */
  readonly isOver: boolean;
}

/** What is to be made. */
export interface WantedCopy {
  readonly what: 'clone' | 'golden copy';
  readonly bytes: number;
}

/**
 * Refuses what would be more than oneroof.yaml allows, and says what makes room for it: the first of these that is enough.
 *
 * Errors  CLONE_CAP.
 */
export function refuseBeyond(cap: CloneCap, held: HeldCopies, wanted: WantedCopy): void {
  const { maxClones, maxBytes } = cap;
  const clones = held.clones.length + (wanted.what === 'clone' ? 1 : 0);
  const bytes = held.bytes + wanted.bytes;
  const problems = [
    ...(maxClones !== null && wanted.what === 'clone' && clones > maxClones
      ? [`there are ${held.clones.length} clones, and maxClones is ${maxClones}`]
      : []),
    ...(maxBytes !== null && bytes > maxBytes
      ? [
          `golden copies and clones have ${formatSize(held.bytes)}, the new one may have ${formatSize(wanted.bytes)}, and maxBytes is ${formatSize(maxBytes)}`,
        ]
      : []),
  ];
  if (problems.length === 0) return;
  throw new OneRoofError('CLONE_CAP', {
    ...stated`no ${{ kind: wanted.what }} is made: ${{ why: problems.join('; ') }}`,
    fix: wayOut({ held, lacksClones: clones - (maxClones ?? clones), lacksBytes: bytes - (maxBytes ?? bytes), bytes }),
  });
}

function wayOut(of: {
  readonly held: HeldCopies;
  readonly lacksClones: number;
  readonly lacksBytes: number;
  readonly bytes: number;
}): string {
  const { held, bytes } = of;
  let [lacksClones, lacksBytes] = [of.lacksClones, of.lacksBytes];
  const free = ({ bytes: freed }: HeldClone): void => {
    lacksClones -= 1;
    lacksBytes -= freed;
  };
  const isEnough = (): boolean => lacksClones <= 0 && lacksBytes <= 0;
  const over = held.clones.filter(({ isOver }) => isOver);
  for (const one of over) free(one);
  lacksBytes -= held.unusedBytes;
  const first = over.length > 0 || held.unusedBytes > 0 ? ['oneroof clone gc'] : [];
  if (isEnough()) return first.join('; ');
  const names: string[] = [];
  for (const one of held.clones.filter(({ isOver }) => !isOver).toSorted((a, b) => (a.expires < b.expires ? -1 : 1))) {
    free(one);
    names.push(`oneroof clone drop ${printable(one.database)}`);
    if (isEnough()) return [...first, ...names].join('; ');
  }
  return `set maxBytes of the clone provider in oneroof.yaml to ${formatSize(bytes)} or more`;
}
