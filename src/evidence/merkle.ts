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

/**
 * A tree, with all of its hashes: computed once, and asked often.
 *
 * Shape   `[height][n]`: the root of the n-th perfect subtree of 2^height leaves; `[0]`: the leaves.
 */
export type Tree = readonly (readonly TreeHash[])[];

/** Builds the tree over leaves; with `known`, of a tree and the leaves that follow, where only what is new is hashed. */
export function treeOf(leaves: readonly TreeHash[], known: Tree = []): Tree {
  const levels = [[...(known[0] ?? []), ...leaves]];
  for (let below = levels[0] ?? []; below.length > 1; below = levels.at(-1) ?? []) {
    const level = [...(known[levels.length] ?? [])];
    while (level.length < half(below.length))
      level.push(node(hashAt(below, 2 * level.length), hashAt(below, 2 * level.length + 1)));
    levels.push(level);
  }
  return levels;
}

/** The hash of the tree over leaves; of none, that of the empty text. Source: RFC 6962 section 2.1. */
export function treeRoot(leaves: readonly TreeHash[]): TreeHash {
  return rootOf(treeOf(leaves), leaves.length);
}

/** The root of the tree over the first `size` leaves. Source: RFC 6962 section 2.1. */
export function rootOf(tree: Tree, size: number): TreeHash {
  return size === 0 ? hashOfNothing() : spanRoot(tree, { from: 0, size });
}

/** The hashes that lead from a leaf to the root, from below. Source: RFC 6962 section 2.1.1. */
export function inclusionProof(tree: Tree, index: number): readonly TreeHash[] {
  const path = (span: Span): readonly TreeHash[] => {
    if (span.size <= 1) return [];
    const [left, right] = halves(span);
    return index < right.from ? [...path(left), spanRoot(tree, right)] : [...path(right), spanRoot(tree, left)];
  };
  return path({ from: 0, size: sizeOf(tree) });
}

/** The hashes that show that the tree of the first `size` leaves was continued, not changed. Source: RFC 6962 section 2.1.2. */
export function consistencyProof(tree: Tree, size: number): readonly TreeHash[] {
  const path = (span: Span): readonly TreeHash[] => {
    // the root of the whole older tree is what the reader has already
    if (size === span.from + span.size) return span.from === 0 ? [] : [spanRoot(tree, span)];
    const [left, right] = halves(span);
    return size <= right.from ? [...path(left), spanRoot(tree, right)] : [...path(right), spanRoot(tree, left)];
  };
  return size === 0 || size === sizeOf(tree) ? [] : path({ from: 0, size: sizeOf(tree) });
}

/**
 * The frontier of the first `size` leaves: all that has to be known of them to add more.
 *
 * Shape   the roots of the perfect subtrees that they are made of, the largest one first: one for each 1 among the binary digits of `size`.
 * Source  RFC 6962 section 2.1: these are the left sides of each split.
 */
export function frontierOf(tree: Tree, size: number): readonly TreeHash[] {
  const found: TreeHash[] = [];
  for (let [from, left] = [0, size]; left > 0; ) {
    const perfect = splitOf(left + 1);
    found.push(spanRoot(tree, { from, size: perfect }));
    [from, left] = [from + perfect, left - perfect];
  }
  return found;
}

/** The frontier after one more leaf; `size`: of the leaves before it. */
export function extend(
  frontier: readonly TreeHash[],
  { size, leaf }: { readonly size: number; readonly leaf: TreeHash },
): readonly TreeHash[] {
  const roots = [...frontier];
  let last = leaf;
  for (let count = size; isOdd(count); count = half(count)) {
    last = node(hashAt(roots, roots.length - 1), last);
    roots.pop();
  }
  return [...roots, last];
}

/** The root of the tree that has a frontier. */
export function frontierRoot(frontier: readonly TreeHash[]): TreeHash {
  return frontier.length === 0 ? hashOfNothing() : frontier.reduceRight((right, left) => node(left, right));
}

/** How many hashes the frontier of a tree has. */
export function frontierLength(size: number): number {
  return size === 0 ? 0 : (size % 2) + frontierLength(half(size));
}

/** Leaves that follow one another, in a tree: a perfect subtree of it, or its right edge. */
interface Span {
  readonly from: number;
  readonly size: number;
}

function halves({ from, size }: Span): readonly [Span, Span] {
  const split = splitOf(size);
  return [
    { from, size: split },
    { from: from + split, size: size - split },
  ];
}

/** A perfect subtree begins at a multiple of its size, so that its root is known. */
function spanRoot(tree: Tree, span: Span): TreeHash {
  const { from, size } = span;
  if (splitOf(size + 1) === size) return hashAt(tree[Math.log2(size)] ?? [], from / size);
  const [left, right] = halves(span);
  return node(spanRoot(tree, left), spanRoot(tree, right));
}

function sizeOf(tree: Tree): number {
  return tree[0]?.length ?? 0;
}

function hashAt(hashes: readonly TreeHash[], index: number): TreeHash {
  const found = hashes[index];
  if (found === undefined) throw new RangeError(`the tree has no hash ${index}`);
  return found;
}

function hashOfNothing(): TreeHash {
  return createHash('sha256').digest() as Uint8Array as TreeHash;
}

/** Says whether a leaf is at an index of a tree. Source: RFC 9162 section 2.1.3.2. */
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
