import { canonicalJson } from '../core/index.ts';
import { isOfKind, type SshKey } from '../evidence/index.ts';
import { type Evidence } from '../kinds/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { buildReport, type Report } from '../report/index.ts';
import { type Counted } from './counted.ts';

/**
 * Each recorded report that counts is built again from the evidence that it was built from; only its links, and what it left out, are taken as
 * they are. What it rests on has to count, or, where the reader names no registry, to be of the same key: where none was known, one's own key counts.
 */
export function verdictProblems(
  sealed: SealedRelease,
  of: {
    readonly evidence: readonly Evidence[];
    readonly counted: Counted;
    readonly signerOf: ReadonlyMap<number, SshKey>;
    /** The reader named a registry: it decides, also of what was recorded when none was known. */
    readonly isPinned: boolean;
  },
): readonly string[] {
  const { evidence, counted, signerOf, isPinned } = of;
  return evidence.flatMap((piece, n) => {
    if (!isOfKind(piece, 'report') || !counted.evidence.includes(piece)) return [];
    const { index } = piece.entry;
    if (!piece.readable) return [`the report of entry ${index} cannot be built again: ${piece.reason}`];
    const { body: report } = piece;
    const { policy, at: now, target, whose } = report;
    const left = new Map(report.uncounted.map((one) => [one.index, one.why]));
    const before = evidence.slice(0, Math.min(n, report.evidence.length + left.size));
    const basis = before.filter(({ entry }) => !left.has(entry.index));
    const uncounted = before.flatMap(({ entry }) => {
      const why = left.get(entry.index);
      return why === undefined ? [] : [{ entry, why }];
    });
    const source = { release: sealed, evidence: basis, uncounted, whose, target, policy, now, hrefOf: () => '' };
    const strange = basis.flatMap((one) => {
      const isOwn = !isPinned && signerOf.get(one.entry.index) === signerOf.get(index);
      const why = isOwn ? null : counted.whyNot(one, { target, before: index });
      return why === null
        ? []
        : [`the report of entry ${index} rests on entry ${one.entry.index}, which does not count: ${why}`];
    });
    return canonicalJson(buildReport(source)) === canonicalJson(withoutLinks(report))
      ? strange
      : [...strange, `the report of entry ${index} does not follow from the evidence before it`];
  });
}

function withoutLinks(report: Report): Report {
  return JSON.parse(JSON.stringify(report, (key, value: unknown) => (key === 'href' ? '' : value))) as Report;
}
