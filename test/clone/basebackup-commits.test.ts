import { expect, test } from 'vitest';
import {
  commitsIn,
  endFor,
  lsnOf,
  lsnText,
  segmentName,
  seenTransactions,
  writtenEnd,
} from '../../src/clone/basebackup/commits.ts';

const lines = `first record is after 0/2000000, at 0/2000028, skipping over 40 bytes
rmgr: Transaction len (rec/tot):     34/    34, tx:        735, lsn: 0/02000110, prev 0/020000D8, desc: COMMIT 2026-11-30 06:00:00.1 UTC
rmgr: Transaction len (rec/tot):     34/    34, tx:        736, lsn: 0/02000210, prev 0/020000D8, desc: ABORT 2026-11-30 06:00:00.2 UTC
rmgr: Transaction len (rec/tot):     62/    62, tx:        738, lsn: 0/02000310, prev 0/020000D8, desc: COMMIT 2026-11-30 06:00:00.3 UTC; subxacts: 739
rmgr: Transaction len (rec/tot):     62/    62, tx:          0, lsn: 0/02000410, prev 0/020000D8, desc: COMMIT_PREPARED 737: 2026-11-30 06:00:00.4 UTC
`;

test('commits are read from what pg_waldump prints, also those of prepared transactions, and no others', () => {
  expect(commitsIn(lines)).toEqual([
    { lsn: 0x2000110n, xid: 735 },
    { lsn: 0x2000310n, xid: 738 },
    { lsn: 0x2000410n, xid: 737 },
  ]);
});

test('the WAL ends before the first commit that the snapshot does not see, and nowhere where it sees a later one', () => {
  const commits = commitsIn(lines);
  const end = 0x3000000n;
  const at = (snapshot: string): bigint | null => endFor(seenTransactions(snapshot), { commits, end });
  expect(at('740:740:')).toBe(end);
  expect(at('737:740:737')).toBe(0x2000410n);
  expect(at('737:740:737,738')).toBe(0x2000310n);
  expect(at('735:735:')).toBe(0x2000110n);
  // 738 is visible and 735, which committed before it, is not yet
  expect(at('735:740:735')).toBeNull();
  // a second round of numbers: the snapshot has epochs, the WAL has none
  expect(at('4294968036:4294968036:')).toBe(end);
});

test('positions, pages and segments are numbered as PostgreSQL does it', () => {
  expect(lsnText(lsnOf('16/B374D848'))).toBe('16/B374D848');
  // behind the header of a page, and of a segment: nothing is written there yet
  expect([0x2002018n, 0x2000028n, 0x2002020n].map(writtenEnd)).toEqual([0x2002000n, 0x2000000n, 0x2002020n]);
  const segmentBytes = 16n * 1024n * 1024n;
  expect(segmentName({ timeline: 1, lsn: lsnOf('1/FF000000'), segmentBytes })).toBe('0000000100000001000000FF');
  expect(segmentName({ timeline: 10, lsn: lsnOf('2/0') - 1n, segmentBytes })).toBe('0000000A00000001000000FF');
});
