import { canonicalJson } from '../core/index.ts';
import { isOfKind, keyFingerprint, type SshKey } from '../evidence/index.ts';
import { signerName } from '../people/index.ts';
import { type KnownEvidence } from '../evidence-kinds/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { buildReport, type Report } from '../report/index.ts';
import { type CountedEntries } from './counted.ts';
import { type Finding, firstOf } from './bundle-findings.ts';

/**
 * Each recorded report that counts is built again from the evidence that it was built from; only its links, and what it left out, are taken as
 * they are. What it rests on has to count, or, where the reader names no registry, to be of the same key: where none was known, one's own key counts.
 */
export function verdictProblems(
  sealed: SealedRelease,
  of: {
    readonly evidence: readonly KnownEvidence[];
    readonly counted: CountedEntries;
    readonly signerOf: ReadonlyMap<number, SshKey>;
    /** The reader named a registry: it decides, also about entries that were recorded when none was known. */
    readonly isPinned: boolean;
  },
): readonly Finding[] {
  const strangers: Stranger[] = [];
  const { evidence, counted, signerOf, isPinned } = of;
  const unlike = evidence.flatMap((piece, n): readonly Finding[] => {
    if (!isOfKind(piece, 'report') || !counted.evidence.includes(piece)) return [];
    const { index } = piece.entry;
    const at = `the report of entry ${index}`;
    if (!piece.readable) return [{ code, at, cause: `cannot be built again: ${piece.reason}` }];
    const { body: report } = piece;
    const { policy, at: builtAt, target, whose } = report;
    const left = new Map(report.uncounted.map((one) => [one.index, one.why]));
    const before = evidence.slice(0, Math.min(n, report.evidence.length + left.size));
    const basis = before.filter(({ entry }) => !left.has(entry.index));
    const uncounted = before.flatMap(({ entry }) => {
      const why = left.get(entry.index);
      return why === undefined ? [] : [{ entry, why }];
    });
    const source = {
      release: sealed,
      evidence: basis,
      uncounted,
      whose,
      target,
      policy,
      now: builtAt,
      hrefOf: () => '',
      signerOf: (one: number) => signerOf.get(one) ?? null,
      nameOf: (one: number) => {
        const shown = report.reviews.find(({ entry }) => entry === one);
        // a report that was made when no registry was known shows the key itself
        if (shown === undefined || shown.by === shown.key) return signerName(null, signerOf.get(one) ?? null);
        return counted.nameOf(one, { target, before: index }) ?? shown.by;
      },
    };
    for (const one of basis) {
      const isOwn = !isPinned && signerOf.get(one.entry.index) === signerOf.get(index);
      const why = isOwn ? null : counted.whyNot(one, { target, before: index });
      if (why !== null)
        strangers.push({ report: index, entry: one.entry.index, why, signer: signerOf.get(one.entry.index) ?? null });
    }
    // it may claim less than the policy says, and never more
    if (policy.sampled === 'allowed' && counted.sampledFor({ target, before: index }) !== 'allowed')
      return [{ code, at, cause: 'counts a rehearsal on a sample, which no policy before it allows' }];
    return canonicalJson(buildReport(source)) === canonicalJson(withoutLinks(report))
      ? []
      : [{ code, at, cause: 'does not follow from the evidence before it' }];
  });
  return [...restingOn(strangers), ...unlike];
}

const code = 'BUNDLE_VERDICT';

/** An entry that does not count, and a report that uses it. */
interface Stranger {
  readonly report: number;
  readonly entry: number;
  readonly why: string;
  readonly signer: SshKey | null;
}

/** One finding for each key and reason, because every report after such an entry uses it. */
function restingOn(strangers: readonly Stranger[]): readonly Finding[] {
  const causes = new Set(strangers.map(({ why, signer }) => `${signer} ${why}`));
  return [...causes].flatMap((cause): readonly Finding[] => {
    const same = strangers.filter(({ why, signer }) => `${signer} ${why}` === cause);
    const [first] = same;
    if (first === undefined) return [];
    const entries = [...new Set(same.map(({ entry }) => String(entry)))];
    const reports = [...new Set(same.map(({ report }) => String(report)))];
    const { why, signer } = first;
    const whole =
      same.length === 1
        ? `the report of entry ${first.report} uses entry ${first.entry}, which does not count: ${why}`
        : `${countOf(reports, 'report uses', 'reports use')} ${countOf(entries, 'entry that does', 'entries that do')} not count: ${why}; entries ${firstOf(entries)}, reports of entries ${firstOf(reports)}`;
    return [{ code, at: null, cause: whole, fix: fixFor(signer) }];
  });
}

const countOf = (names: readonly string[], one: string, many: string): string =>
  `${names.length} ${names.length === 1 ? one : many}`;

function fixFor(signer: SshKey | null): string {
  const whose = signer === null ? 'the key that signed them' : keyFingerprint(signer);
  return `compare whose key ${whose} is: if it may speak, name it under --keys, or give the --registry that names it; otherwise do not rely on these reports`;
}

function withoutLinks(report: Report): Report {
  return JSON.parse(JSON.stringify(report, (key, value: unknown) => (key === 'href' ? '' : value))) as Report;
}
