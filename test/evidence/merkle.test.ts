import { expect, test } from 'vitest';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  type TreeHash,
  treeOf,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../src/evidence/index.ts';
import { count } from '../counts.ts';

/** Without a gap to here. */
const largest = count('treeSize');
const hex = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');
const leaves = Array.from({ length: largest }, (_, n) => leafHash(`line ${n}`));
const damaged = (proof: readonly TreeHash[]): (readonly TreeHash[])[] => [
  ...proof.map((hash, n) => proof.with(n, Buffer.from(hash).fill(~(hash[7] ?? 0), 7, 8) as Uint8Array as TreeHash)),
  proof.slice(1),
  proof.slice(0, -1),
  [...proof, leafHash('more')],
];

test('the roots are those of the reference implementation of RFC 6962', () => {
  const inputs = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ].map((text) => leafHash(Buffer.from(text, 'hex')));
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8].map((size) => hex(treeRoot(inputs.slice(0, size))))).toEqual([
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ]);
});

test('every leaf of every small tree is proven, and no damaged proof, other leaf or other index is', () => {
  for (let size = 1; size <= largest; size += 1) {
    const root = treeRoot(leaves.slice(0, size));
    for (let index = 0; index < size; index += size < 20 ? 1 : 7) {
      const leaf = leaves[index] as TreeHash;
      const proof = inclusionProof(treeOf(leaves.slice(0, size)), index);
      const claim = { leaf, index, size, root, proof };
      expect(verifyInclusion(claim)).toBe(true);
      const others = [
        ...damaged(proof)
          .filter((other) => other.length !== proof.length || proof.length > 0)
          .map((other) => ({ ...claim, proof: other })),
        { ...claim, leaf: leafHash('other') },
        { ...claim, index: size },
        ...(size > 1 ? [{ ...claim, index: (index + 1) % size }] : []),
      ];
      expect(others.filter(verifyInclusion)).toEqual([]);
    }
  }
});

test('every small tree is proven to continue every older one, and no damaged proof or other root is', () => {
  for (let size = 1; size <= largest; size += 1) {
    const after = { size, root: treeRoot(leaves.slice(0, size)) };
    for (let first = 0; first <= size; first += size < 20 ? 1 : 3) {
      const before = { size: first, root: treeRoot(leaves.slice(0, first)) };
      const proof = consistencyProof(treeOf(leaves.slice(0, size)), first);
      expect(verifyConsistency({ before, after, proof })).toBe(true);
      const others = [
        ...damaged(proof)
          .filter((other) => other.length !== proof.length || proof.length > 0)
          .map((other) => ({ before, after, proof: other })),
        { before: { ...before, root: leafHash('other') }, after, proof },
        ...(first > 0 ? [{ before, after: { ...after, root: leafHash('other') }, proof }] : []),
        { before: after, after: { ...before, size: first - 1 }, proof },
      ];
      expect(others.filter(verifyConsistency)).toEqual([]);
    }
  }
});
