import { describe, expect, it } from 'vitest';
import { type JudgementRecord } from '../../src/check/check-result.ts';
import { VerdictBoard } from '../../src/check/verdict-board.ts';
import { type Migration } from '../../src/import/index.ts';
import { migrationWith } from './output.fixture.ts';

const script = { file: 'a.sql', line: 1, text: '', send: 'message' } as const;
const order = ['1', '2', '3'].map((id): Migration => ({ id, name: id, up: script, down: null, unreadable: null }));
const [one, two, three] = order as [Migration, Migration, Migration];
const judgement = ({ id }: Migration): JudgementRecord => ({
  judged: migrationWith({ id }),
  history: [],
  roles: [],
  rows: { tables: 0, rows: 0, empty: [] },
});

function boardOf(known: readonly Migration[]): { readonly board: VerdictBoard; readonly said: string[] } {
  const said: string[] = [];
  const board = new VerdictBoard(order, new Map(known.map((each) => [each, judgement(each)])), ({ id }) =>
    said.push(id),
  );
  return { board, said };
}

describe('the verdicts of several chains', () => {
  it('are handed on in the order of the migrations, whoever comes first', () => {
    const { board, said } = boardOf([]);
    board.say(two, judgement(two));
    expect(said).toEqual([]);
    board.say(one, judgement(one));
    expect(said).toEqual(['1', '2']);
    board.say(three, judgement(three));
    expect([said, board.all().map(({ judged }) => judged.id)]).toEqual([
      ['1', '2', '3'],
      ['1', '2', '3'],
    ]);
  });

  it('are made by one chain each, and not where they are known', () => {
    const { board, said } = boardOf([two]);
    expect([board.open, board.claim(one), board.claim(one), board.claim(two), board.open]).toEqual([
      2,
      true,
      false,
      false,
      1,
    ]);
    board.say(one, judgement(one));
    expect(said).toEqual(['1', '2']);
  });

  it('are waited for by a chain that needs one, until the run ends', async () => {
    const { board } = boardOf([]);
    const end = new AbortController();
    const waiting = board.of(one, end.signal);
    board.say(one, judgement(one));
    expect((await waiting).judged.id).toBe('1');
    expect((await board.of(one, end.signal)).judged.id).toBe('1');
    const never = board.of(two, end.signal);
    end.abort(new Error('ended'));
    await expect(never).rejects.toThrow('ended');
    await expect(board.of(three, end.signal)).rejects.toThrow('ended');
  });
});
