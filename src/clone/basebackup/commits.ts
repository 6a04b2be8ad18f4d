/** A commit as the WAL has it. */
export interface Commit {
  /** Where its record begins. */
  readonly lsn: bigint;
  /** The transaction, with the subtransactions that it took along. */
  readonly xid: number;
}

/** A snapshot as `pg_current_snapshot` shows it, without epochs: as the WAL numbers transactions. */
export interface SeenTransactions {
  readonly xmin: number;
  readonly xmax: number;
  readonly running: ReadonlySet<number>;
}

/** A position in the WAL, from PostgreSQL's `16/B374D848`. */
export function lsnOf(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

/** The same as PostgreSQL writes it. */
export function lsnText(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`;
}

/** The WAL's pages, all but the first of a segment with a header of 24 bytes, that one with 40. Source: access/xlog_internal.h. */
const page = 8192n;

/**
 * The end of what was written, where a position is that of the next record: at the beginning of a page the next record is behind the header, which
 * is not written before the record is.
 */
export function writtenEnd(next: bigint): bigint {
  const inPage = next % page;
  return inPage === 24n || inPage === 40n ? next - inPage : next;
}

/**
 * Reads the commits from the lines of `pg_waldump --rmgr=Transaction`.
 *
 * Shape   in the order of the WAL.
 */
export function commitsIn(lines: string): readonly Commit[] {
  return lines.split('\n').flatMap((line) => {
    const found = /\btx:\s*(\d+), lsn: ([0-9A-F]+\/[0-9A-F]+), .*?desc: (COMMIT|COMMIT_PREPARED)(?: (\d+):)? /.exec(
      line,
    );
    if (found === null) return [];
    const [, own = '', lsn = '', kind, prepared] = found;
    const xid = Number(kind === 'COMMIT_PREPARED' ? (prepared ?? own) : own);
    return xid === 0 ? [] : [{ lsn: lsnOf(lsn), xid }];
  });
}

/** A snapshot from the text of `pg_current_snapshot()`. */
export function seenTransactions(text: string): SeenTransactions {
  const [xmin = '0', xmax = '0', running = ''] = text.split(':');
  const without = (full: string): number => Number(BigInt(full) & 0xffff_ffffn);
  return {
    xmin: without(xmin),
    xmax: without(xmax),
    running: new Set(
      running
        .split(',')
        .filter((one) => one !== '')
        .map(without),
    ),
  };
}

/**
 * Finds where the WAL must end so that replaying it gives exactly what a snapshot sees: before the first commit that it does not see. Null where there
 * is no such place, because it sees a later one: a transaction becomes visible a moment after its record was written, and not always in that order.
 *
 * Shape   `commits` are all of those from the beginning of the copy to `end`, and none that the snapshot sees is behind `end`.
 * Source  PostgreSQL: RecordTransactionCommit writes the record, then ProcArrayEndTransaction makes it visible.
 */
export function endFor(
  seen: SeenTransactions,
  of: { readonly commits: readonly Commit[]; readonly end: bigint },
): bigint | null {
  const sees = ({ xid }: Commit): boolean => precedes(xid, seen.xmax) && !seen.running.has(xid);
  const first = of.commits.findIndex((one) => !sees(one));
  if (first < 0) return of.end;
  return of.commits.slice(first).some(sees) ? null : (of.commits[first]?.lsn ?? of.end);
}

/** Numbers of transactions come round: half of them are older. */
function precedes(one: number, other: number): boolean {
  return ((one - other) | 0) < 0;
}

/** The name of a segment. */
export function segmentName(of: {
  readonly timeline: number;
  readonly lsn: bigint;
  readonly segmentBytes: bigint;
}): string {
  const perFile = 0x1_0000_0000n / of.segmentBytes;
  const number = of.lsn / of.segmentBytes;
  return [BigInt(of.timeline), number / perFile, number % perFile]
    .map((part) => part.toString(16).toUpperCase().padStart(8, '0'))
    .join('');
}
