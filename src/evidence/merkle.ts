import { createHash } from 'node:crypto';
import { type Branded } from '../core/index.ts';

/** A SHA-256 hash of a leaf, a node or a whole tree: 32 bytes. */
export type TreeHash = Branded<Uint8Array, 'TreeHash'>;

/** Hashes an entry: 0x00 in front of it, so that no entry can be taken for a node. Source: RFC 6962 section 2.1. */
export function leafHash(entry: string | Uint8Array): TreeHash {
  return hash(0, [typeof entry === 'string' ? Buffer.from(entry, 'utf8') : entry]);
}

/** Reads 32 bytes as a hash; null where there are more or fewer. */
export function treeHash(bytes: Uint8Array): TreeHash | null {
  return bytes.length === 32 ? (bytes as TreeHash) : null;
}

/** The hash of the tree over leaves; of none, that of the empty text. Source: RFC 6962 section 2.1. */
export function treeRoot(leaves: readonly TreeHash[]): TreeHash {
  const [only] = leaves;
  if (only === undefined) return createHash('sha256').digest() as Uint8Array as TreeHash;
  if (leaves.length === 1) return only;
  const split = splitOf(leaves.length);
  return node(treeRoot(leaves.slice(0, split)), treeRoot(leaves.slice(split)));
}

/** The hashes that lead from a leaf to the root, from below. Source: RFC 6962 section 2.1.1. */
export function inclusionProof(leaves: readonly TreeHash[], index: number): readonly TreeHash[] {
  if (leaves.length <= 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...inclusionProof(left, index), treeRoot(right)]
    : [...inclusionProof(right, index - split), treeRoot(left)];
}

/** The hashes that show that the tree of the first `size` leaves was continued, not changed. Source: RFC 6962 section 2.1.2. */
export function consistencyProof(leaves: readonly TreeHash[], size: number): readonly TreeHash[] {
  return size === 0 || size === leaves.length ? [] : subproof(leaves, { size, whole: 'whole' });
}

function subproof(
  leaves: readonly TreeHash[],
  { size, whole }: { readonly size: number; readonly whole: 'whole' | 'part' },
): readonly TreeHash[] {
  // the root of the whole older tree is what the reader has already
  if (size === leaves.length) return whole === 'whole' ? [] : [treeRoot(leaves)];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return size <= split
    ? [...subproof(left, { size, whole }), treeRoot(right)]
    : [...subproof(right, { size: size - split, whole: 'part' }), treeRoot(left)];
}

/** Says whether a leaf stands at an index of a tree. Source: RFC 9162 section 2.1.3.2. */
export function verifyInclusion(claim: {
  readonly leaf: TreeHash;
  readonly index: number;
  readonly size: number;
  readonly root: TreeHash;
  readonly proof: readonly TreeHash[];
}): boolean {
  const { leaf, index, size, root, proof } = claim;
  if (!isSize(index) || !isSize(size) || index >= size) return false;
  let [at, last, hashed] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      hashed = node(sibling, hashed);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else hashed = node(hashed, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && same(hashed, root);
}

/** Says whether a tree continues an older one. Source: RFC 9162 section 2.1.4.2. */
export function verifyConsistency(claim: {
  readonly before: { readonly size: number; readonly root: TreeHash };
  readonly after: { readonly size: number; readonly root: TreeHash };
  readonly proof: readonly TreeHash[];
}): boolean {
  const { before, after, proof } = claim;
  if (!isSize(before.size) || !isSize(after.size) || before.size > after.size) return false;
  if (before.size === after.size) return proof.length === 0 && same(before.root, after.root);
  if (before.size === 0) return proof.length === 0 && same(before.root, treeRoot([]));
  if (proof.length === 0) return false;
  const isPower = splitOf(before.size + 1) === before.size;
  const [first, ...rest] = isPower ? [before.root, ...proof] : proof;
  if (first === undefined) return false;
  let [at, last] = [before.size - 1, after.size - 1];
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  let [old, current] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      [old, current] = [node(sibling, old), node(sibling, current)];
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else current = node(current, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && same(old, before.root) && same(current, after.root);
}

/** Says whether two hashes are equal. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function node(left: TreeHash, right: TreeHash): TreeHash {
  return hash(1, [left, right]);
}

function hash(prefix: 0 | 1, parts: readonly Uint8Array[]): TreeHash {
  return createHash('sha256')
    .update(Buffer.concat([Buffer.of(prefix), ...parts]))
    .digest() as Uint8Array as TreeHash;
}

/** The largest power of two below a number from 2 on. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

function half(value: number): number {
  return Math.floor(value / 2);
}
