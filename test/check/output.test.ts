import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  annotationsOf,
  baselineOf,
  commentMarker,
  commentOf,
  compareBaseline,
  readKnownFaults,
  sarifOf,
} from '../../src/check/output/index.ts';
import { faultCodes, hazardCodes } from '../../src/check/check-result.ts';
import { faultWith, hazardWith, hostile, hostileResult, migrationWith, resultOf } from './output.fixture.ts';

const two = resultOf([
  migrationWith({ id: '1', verdict: 'schema-not-restored', faults: [faultWith({})], hazards: [hazardWith({})] }),
  migrationWith({ id: '2', name: '2_second.up.sql' }),
]);
const baseline = readKnownFaults('baseline.json', baselineOf(two));

/** What SARIF 2.1.0 demands of the parts that we write; nothing else may be there. */
const sarifForm = z.strictObject({
  $schema: z.url(),
  version: z.literal('2.1.0'),
  runs: z.tuple([
    z.strictObject({
      tool: z.strictObject({
        driver: z.strictObject({
          name: z.literal('oneroof check'),
          rules: z.array(
            z.strictObject({
              id: z.string(),
              shortDescription: z.strictObject({ text: z.string().min(1) }),
              defaultConfiguration: z.strictObject({ level: z.literal('error') }),
            }),
          ),
        }),
      }),
      columnKind: z.literal('unicodeCodePoints'),
      results: z.array(
        z.strictObject({
          ruleId: z.string(),
          ruleIndex: z.int().min(0),
          level: z.enum(['error', 'warning', 'note']),
          message: z.strictObject({ text: z.string().min(1) }),
          locations: z.tuple([
            z.strictObject({
              physicalLocation: z.strictObject({
                artifactLocation: z.strictObject({ uri: z.string(), uriBaseId: z.literal('%SRCROOT%') }),
                region: z.strictObject({ startLine: z.int().min(1) }),
              }),
            }),
          ]),
          partialFingerprints: z.strictObject({ 'oneroof/v1': z.string().min(10) }),
          suppressions: z
            .array(z.strictObject({ kind: z.literal('external'), justification: z.string() }))
            .exactOptional(),
        }),
      ),
    }),
  ]),
});
const parsed = (text: string): z.output<typeof sarifForm> => sarifForm.parse(JSON.parse(text));

describe('SARIF', () => {
  it('has a rule for every code, and each result names rule, level, file and line', () => {
    const [{ tool, results }] = parsed(sarifOf(two, null)).runs;
    expect(tool.driver.rules.map(({ id }) => id)).toEqual([...faultCodes, ...hazardCodes]);
    expect(results.map((one) => [one.ruleId, one.level, one.locations[0].physicalLocation])).toEqual([
      [
        'schema-not-restored',
        'error',
        { artifactLocation: { uri: 'migrations/1_first.down.sql', uriBaseId: '%SRCROOT%' }, region: { startLine: 3 } },
      ],
      [
        'index-blocks-writes',
        'warning',
        { artifactLocation: { uri: 'migrations/1_first.up.sql', uriBaseId: '%SRCROOT%' }, region: { startLine: 2 } },
      ],
    ]);
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  });

  it('keeps hostile text as text: no line, link, placeholder or part of an address of its own', () => {
    const text = sarifOf(hostileResult, null);
    expect(text).not.toMatch(/\u001B|\\u001b|[^\\]\\ud800/i);
    for (const { message, locations } of parsed(text).runs[0].results) {
      const [{ physicalLocation }] = locations;
      expect(message.text).not.toMatch(/(?<!\\)\[a|(?<!\{)\{0/);
      expect(message.text).not.toMatch(/^::/m);
      expect(physicalLocation.artifactLocation.uri).toMatch(/^[\w./%~!*'()-]+$/);
    }
  });

  it('marks what the baseline knows, and gives a fault the same fingerprint on another line', () => {
    const known = parsed(sarifOf(two, compareBaseline(two, baseline))).runs[0].results;
    expect(known.every(({ suppressions }) => suppressions?.length === 1)).toBe(true);
    const moved = resultOf([
      migrationWith({ faults: [faultWith({ spot: { file: 'migrations/1_first.down.sql', line: 40 } })] }),
    ]);
    expect(parsed(sarifOf(moved, null)).runs[0].results[0]?.partialFingerprints).toEqual(known[0]?.partialFingerprints);
  });
});

describe('annotations of GitHub', () => {
  it('are one command a line with file, line and title', () => {
    expect(annotationsOf(two, null).split('\n')).toEqual([
      '::error file=migrations/1_first.down.sql,line=3,title=schema-not-restored%3A The down migration does not restore the schema.::index public.a_key is missing after the down%0AFix: create the index again in the down',
      '::warning file=migrations/1_first.up.sql,line=2,title=index-blocks-writes%3A An index is built while writes wait.::public.orders: ShareLock on a table that has rows%0AFix: build it CONCURRENTLY',
      '',
    ]);
  });

  it('cannot be forged by a name or message: no second command, property or escape', () => {
    const lines = annotationsOf(hostileResult, null).split('\n').slice(0, -1);
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      const [, kind, properties = ''] = /^::(error|warning|notice) ([^:]*)::[^\r\n]*$/.exec(line) ?? [];
      expect([kind, properties.split(',').map((one) => one.split('=')[0])]).toEqual([
        expect.any(String),
        ['file', 'line', 'title'],
      ]);
      expect(line).not.toContain('\u001B');
    }
    // the author's own %0A is shown, and not obeyed
    expect(lines[0]).toContain('%250A');
    expect(lines[1]).toContain('file=a%2Cb%3Ac/');
  });

  it('shows what the baseline knows as a notice', () => {
    expect(annotationsOf(two, compareBaseline(two, baseline))).toMatch(/^::notice .*title=known%3A /);
  });
});

describe('the comment of a pull request', () => {
  it('begins with its marker, and names file, line, cause and fix', () => {
    const text = commentOf(two, null);
    expect(text.startsWith(`${commentMarker(two)}\n### ⛔ oneroof check failed`)).toBe(true);
    expect(text).toContain('migrations/1\\_first.down.sql:3');
    expect(text).toContain('index public.a\\_key is missing after the down');
    expect(commentOf(two, compareBaseline(two, baseline))).toContain('### ✅ oneroof check passed');
  });

  it('shows hostile text as text: no HTML, table, link, mention, code or second marker', () => {
    const text = commentOf(hostileResult, null).slice(commentMarker(hostileResult).length);
    expect(text).not.toMatch(/<|-->|\u001B|@everyone|\]\(http|(?<!\\)\||http:\/\//);
    expect(text.split('`').length % 2).toBe(1);
    expect(text).toContain('script');
    // every line is one of ours
    for (const line of text.split('\n')) expect(line).toMatch(/^$|^### |^ {0,2}- |^\d+ migrations judged|^Roles made/);
  });

  it('is found again by folder and major version, which end no marker', () => {
    const at = (folder: string, version: string): string =>
      commentMarker({ ...two, project: { ...two.project, folder }, server: { ...two.server, version } });
    expect(at('', '18.4')).toBe('<!-- oneroof-check . postgres-18 -->');
    expect(at('services/a', '18.4')).toBe(at('services/a', '18.5'));
    expect(new Set([at('services/a', '18.4'), at('services/b', '18.4'), at('services/a', '16.9')]).size).toBe(3);
    expect(at('a --> <b>\n', '18.4')).toMatch(/^<!-- oneroof-check [\w%-]+ postgres-18 -->$/);
  });

  it('is bounded, in whole parts, and counts what it leaves out', () => {
    const many = resultOf(
      Array.from({ length: 2000 }, (_, n) =>
        migrationWith({ id: String(n), faults: [faultWith({ cause: hostile.repeat(50) })] }),
      ),
    );
    const text = commentOf(many, null);
    expect(text.length).toBeLessThan(65_536);
    expect(text).toMatch(/… and \d{3,4} more; run `oneroof check`/);
  });
});

describe('a baseline', () => {
  it('knows its own faults on any line, and lets no new one pass', () => {
    expect(compareBaseline(two, baseline)).toMatchObject({ fresh: [], vanished: [], outcome: 'passed' });
    const moved = resultOf([
      migrationWith({
        id: '1',
        faults: [
          faultWith({ spot: { file: 'x.sql', line: 99 }, cause: 'index public.a_key is missing after the down' }),
        ],
      }),
    ]);
    expect(compareBaseline(moved, baseline).outcome).toBe('passed');
    for (const other of [faultWith({ cause: 'index public.b_key is missing' }), faultWith({ code: 'data-lost' })]) {
      const result = resultOf([migrationWith({ id: '1', faults: [faultWith({}), other] })]);
      const compared = compareBaseline(result, baseline);
      expect(compared.fresh.map(({ cause }) => cause)).toEqual([other.cause]);
      expect(compared.outcome).toBe('failed');
    }
    // the same fault in another migration is another fault
    expect(compareBaseline(resultOf([migrationWith({ id: '3', faults: [faultWith({})] })]), baseline).outcome).toBe(
      'failed',
    );
  });

  it('knows a fault again with another number of rows or another line in its words', () => {
    const said = (cause: string): ReturnType<typeof resultOf> =>
      resultOf([migrationWith({ id: '1', faults: [faultWith({ code: 'data-lost', cause })] })]);
    const known = readKnownFaults('b.json', baselineOf(said('public.a.b has lost its value in 5 rows at x.sql:7')));
    expect(compareBaseline(said('public.a.b has lost its value in 1 row at x.sql:12'), known).outcome).toBe('passed');
    expect(compareBaseline(said('public.a.c has lost its value in 5 rows at x.sql:7'), known).outcome).toBe('failed');
  });

  it('names what vanished, but only of migrations that were judged', () => {
    const clean = resultOf([migrationWith({ id: '1' })]);
    expect(compareBaseline(clean, baseline).vanished.map(({ code }) => code)).toEqual([
      'index-blocks-writes',
      'schema-not-restored',
    ]);
    const unjudged = faultWith({ code: 'not-judged', level: 'warning' });
    expect(
      compareBaseline(resultOf([migrationWith({ id: '1', verdict: 'not-judged', faults: [unjudged] })]), baseline)
        .vanished,
    ).toEqual([]);
    const newOnly = { scope: { which: 'new', why: 'new' } } as const;
    expect(compareBaseline(resultOf([migrationWith({ id: '9' })], newOnly), baseline).vanished).toEqual([]);
    expect(compareBaseline(resultOf([migrationWith({ id: '9' })]), baseline).vanished).toHaveLength(2);
    expect(commentOf(clean, compareBaseline(clean, baseline))).toContain(
      'no longer found, take it out of the baseline: 1, schema-not-restored',
    );
  });

  it('is the same text for the same faults, without their words', () => {
    expect(baselineOf(resultOf([...two.migrations].toReversed()))).toBe(baselineOf(two));
    expect(baselineOf(two)).not.toContain('a_key');
  });

  it.each([
    '',
    '[]',
    '{"version":2,"faults":[]}',
    '{"version":1,"faults":[{"migration":"1","code":"x","cause":"sha256:0"}]}',
    '{"version":1,"faults":[],"force":true}',
  ])('is refused where it is none: %s', (text) => {
    expect(() => readKnownFaults('known.json', text)).toThrow(expect.objectContaining({ code: 'CHECK_BASELINE' }));
  });
});
