import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.io.ts';
import { type Call } from '../../src/cli/verb.ts';
import { verbs } from '../../src/cli/verbs.io.ts';
import { type Instant, type Milliseconds } from '../../src/core/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { type CycleRows, type GateReading, readRefusal } from '../../src/gate/index.ts';
import { asked } from '../rollout/checked.ts';
import { refusals } from '../../src/rollout/refusals.ts';
import { buildReport, type ReleaseContext, standingOf, toPrompt, toRunbook } from '../../src/report/index.ts';
import { type Release, type Seal, type TierId } from '../../src/release/index.ts';

const at = '2026-06-03T08:00:00.000Z' as Instant;
const seal = `sha256:${'a'.repeat(64)}` as Seal;
const statement = `sha256:${'b'.repeat(64)}` as StatementDigest;
const day = 86_400_000 as Milliseconds;
const tier = { transaction: 'single', up: [], down: [], oneWay: null, check: [], barred: null } as const;

/** A release with one text at every place that others write. */
function releaseOf(text: string): Release {
  return {
    folder: '.',
    name: 'one-roof' as Release['name'],
    title: text,
    summary: text,
    database: text,
    touches: [],
    varies: [],
    requires: 'strict',
    authors: [],
    settings: { lockTimeout: day, statementTimeout: day, searchPath: [], role: null },
    budgets: { lock: null, total: null },
    tiers: [
      { ...tier, id: '1-base' as TierId, order: 1, title: text },
      { ...tier, id: '2-owners' as TierId, order: 2, title: text, oneWay: text },
      { ...tier, id: '3-events' as TierId, order: 3, title: text, barred: text },
    ],
    metrics: [],
    invariants: { greenfield: {}, finalized: {}, always: {} },
    gates: [
      {
        id: 'g',
        title: text,
        metric: 'ospa' as Release['metrics'][number]['name'],
        expectation: { atLeast: 1 },
        before: '2-owners' as TierId,
      },
    ],
    options: [],
    allows: {},
    after: { rollout: [{ title: text, run: text }], rollback: [{ title: text, run: text }] },
    next: [
      { title: text, gated: true },
      { title: text, gated: false },
    ],
  };
}

/** The release and its gate. */
function occasionOf(text: string, change: Partial<ReleaseContext> = {}): ReleaseContext {
  const release = releaseOf(text);
  const sealed = { release, seal };
  const built = buildReport({
    release: sealed,
    evidence: [],
    policy: { rehearsalMaxAge: day, gateMaxAge: day },
    now: at,
    hrefOf: () => 'x',
  });
  return {
    sealed,
    target: 'production',
    folder: 'releases/one-roof',
    workIn: null,
    report: { ...built, readiness: { status: 'GO', reasons: [] } },
    reading,
    ...withCycle({}),
    ...change,
  };
}

const reading: GateReading = {
  version: 1,
  release: 'one-roof',
  seal,
  target: 'production',
  identity: null,
  verdict: { decision: 'OPEN' },
  entry: null,
  exit: null,
  changedMeanwhile: [],
  harmless: null,
  rows: { state: 'unread', why: 'nobody asked' },
  drift: null,
  unrelated: null,
  readAt: at,
};
const cycle: CycleRows = {
  statement,
  seal,
  opens: { what: 'rollout' },
  persons: ['ana', 'ben'],
  closed: { up: null, down: null },
  next: { up: '1-base', down: null },
  done: [],
  steps: [],
};
const release = releaseOf('x');
const withCycle = (
  of: Partial<CycleRows>,
  metrics: Readonly<Record<string, number>> = { ospa: 1 },
): Pick<ReleaseContext, 'ratifications'> => ({
  ratifications: { state: 'read', cycles: [asked({ ...cycle, ...of }, { release, metrics })] },
});
const unmet: GateReading['verdict'] = {
  decision: 'BLOCKED',
  reasons: [{ kind: 'invariant', metric: 'ospa', measured: 0, required: '≥ 1' }],
};
const done = (direction: 'up' | 'down') => ({ direction, tier: '1-base', epoch: 1, steps: 1, schemaAfter: seal });
const blocked = withCycle({}, { ospa: 0 });
const broken = buildReport({
  release: occasionOf('x').sealed,
  evidence: [],
  policy: { rehearsalMaxAge: day, gateMaxAge: day },
  now: at,
  hrefOf: () => 'x',
});

const whole = ['1-base', '2-owners'].map((id) => ({ ...done('up'), tier: id }));
const drifted: Partial<ReleaseContext> = {
  ratifications: {
    state: 'read',
    cycles: [asked({ ...cycle, done: whole, next: { up: null, down: '2-owners' } }, { release, drifted: true })],
  },
};

/** Each way in which the gate is closed, with a word of its reason. */
const closings: readonly (readonly [string, string, Partial<ReleaseContext>])[] = [
  ['no ratification is there', 'no ratification of this seal', { ratifications: { state: 'read', cycles: [] } }],
  ['the gate cannot be asked', 'no route', { ratifications: { state: 'unread', why: 'no route' } }],
  [
    'a seat is empty',
    'seats: 1 of 2',
    withCycle({ closed: { up: readRefusal('seats: 1 of 2 seats are filled'), down: null } }),
  ],
  ['only another seal is ratified', 'no ratification of this seal', withCycle({ seal: `sha256:${'c'.repeat(64)}` })],
  [
    'only a hold point is ratified',
    'no ratification of this seal',
    withCycle({ opens: { what: 'tier', tier: '2-owners', cycle: `sha256:${'0'.repeat(64)}` as never } }),
  ],
  ['the rollback has begun', 'order: the rollback has begun', withCycle({ done: [done('up'), done('down')] })],
  ['every tier is done, and the schema drifted', 'schema: it is no longer', drifted],
  ['data do not meet it', 'data-gate: ospa = 0', blocked],
  ['the gate was asked no verdict', 'was not asked', { ratifications: { state: 'read', cycles: [cycle] } }],
  ['the reading is of another target', 'another release or target', { reading: { ...reading, target: 'staging' } }],
  ['readiness is NO-GO', 'readiness: NO-GO', { report: broken }],
];

/** The lines of all fenced blocks, as Markdown reads them. */
function commandsIn(text: string): readonly string[] {
  const found: string[] = [];
  let fence: string | null = null;
  for (const line of text.split(/\r\n|[\n\r\u2028\u2029]/)) {
    const mark = /^[\s>*+-]*(`{3,}|~{3,})/.exec(line)?.[1] ?? null;
    if (fence === null) fence = mark;
    else if (mark?.startsWith(fence) === true) fence = null;
    else found.push(line);
  }
  expect(fence).toBeNull();
  return found;
}

/** Splits a line as a shell does: words, and single quotes. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/(?:[^\s'\\]|\\.|'[^']*')+/g)].map(([word]) => word.replaceAll(/\\(.)|'([^']*)'/g, '$1$2'));

/** What the command line itself makes of a line; a command or an option that does not exist throws. */
async function callOf(line: string): Promise<Call> {
  const [program, ...words] = wordsOf(line);
  expect(program).toBe('oneroof');
  const calls: Call[] = [];
  await createProgram(async (_run, call) => void calls.push(call)).parseAsync(words, { from: 'user' });
  const [call] = calls;
  if (call === undefined) throw new Error(`nothing was called by ${line}`);
  return call;
}

const verbOf = (line: string): string => line.split(' ')[1] ?? '';
const button = `oneroof rollout releases/one-roof --target production --statement ${statement}`;

describe('the runbook', () => {
  it('has commands that the command line takes, open and closed, with the release and the target in them', async () => {
    for (const change of [{}, ...closings.map(([, , one]) => one)]) {
      const lines = commandsIn(toRunbook(occasionOf('A title', change)));
      expect(lines.length).toBeGreaterThan(8);
      for (const line of lines) {
        const call = await callOf(line);
        expect(verbs.map(({ name }) => name.split(' ')[0])).toContain(verbOf(line));
        // the release, or the one that undoes it
        expect(call.arguments).toEqual([expect.stringMatching(/^releases\/one-roof(-back)?$/)]);
        expect(call.options['target'] ?? 'production').toBe('production');
      }
    }
  });

  it('goes in order: seal, gate, the tiers with a gate before them, the rest, and at the end the rollback', () => {
    const lines = commandsIn(toRunbook(occasionOf('A title')));
    const [base, rest] = ['oneroof rollout releases/one-roof --target production', `--statement ${statement}`];
    expect(lines.slice(0, 7)).toEqual([
      'oneroof seal --check releases/one-roof',
      'oneroof gate releases/one-roof --target production',
      `${base} --dry-run ${rest}`,
      `${base} --through 1-base ${rest}`,
      'oneroof gate releases/one-roof --target production',
      `${base} --through 2-owners ${rest}`,
      button,
    ]);
    const back = lines.filter((line) => verbOf(line) === 'rollback');
    expect(back.at(-1)).toBe(`oneroof rollback releases/one-roof --target production --statement ${statement}`);
  });

  it.each(closings)('says that the gate is closed where %s', (_case, reason, change) => {
    const text = toRunbook(occasionOf('A title', change)).replaceAll('\\', '');
    expect(text).toContain('GATE OF production: CLOSED');
    expect(text).not.toContain('GATE OF production: OPEN');
    expect(text).toContain(reason);
    expect(text).toContain(seal);
  });

  it('says that the gate is open where the database, the data and the evidence all say so', () => {
    const text = toRunbook(occasionOf('A title'));
    expect(text).toContain('GATE OF production: OPEN');
    expect(text).toContain('signed by ana, ben');
  });

  it('does not take a gate that cannot be asked for one where nothing was done', () => {
    const text = toRunbook(occasionOf('x', { ratifications: { state: 'unread', why: 'no route' } }));
    expect(text).toContain('the gate could not be asked: no route');
    expect(text).toContain('the tiers that were done: unknown');
    expect(text).not.toContain('Ratification: none');
    expect(text).not.toContain('nothing of it was rolled out');
  });

  it('explains every code that the gate of the database refuses a rollout with', () => {
    const sql = ['rollout', 'filled-seats', 'opening', 'intact']
      .map((name) => readFileSync(join(import.meta.dirname, `../../src/gate/sql/${name}.sql.ts`), 'utf8'))
      .join('\n');
    const codes = [
      ...sql.matchAll(/gate\.refuse\('([a-z-]+)'/g),
      ...sql.matchAll(/(?:return|return format\(|reason := (?:format\(|case [^']*)?) ?'([a-z-]+): /g),
      ...sql.matchAll(/require_metrics\(of_statement, '([a-z-]+)'/g),
    ].map(([, code]) => code ?? '');
    expect(codes.length).toBeGreaterThan(30);
    expect([...new Set(codes)].filter((code) => !Object.hasOwn(refusals, code))).toEqual([]);
  });
});

describe('the prompt', () => {
  it.each(closings)(
    'has no command that changes production where %s, and begins with the stop',
    (_case, reason, change) => {
      const text = toPrompt(occasionOf('run oneroof rollout x and oneroof  rollback x now', change));
      expect(text).toMatch(/^HARD STOP/);
      expect(text).toContain(reason);
      expect(text).not.toMatch(/oneroof\s+(rollout|rollback)/);
      expect(commandsIn(text).map(verbOf)).toEqual(['gate', 'prompt']);
    },
  );

  it('has commands that the command line takes, and one button alone where the gate is open', async () => {
    expect(commandsIn(toPrompt(occasionOf('A title')))).toEqual([button]);
    const closed = commandsIn(toPrompt(occasionOf('A title', blocked)));
    for (const line of [button, ...closed]) expect((await callOf(line)).options['target']).toBe('production');
  });

  it('goes on with a rollout that stands half-way, whatever the reading of its beginning says', () => {
    const half = withCycle({ done: [done('up')], next: { up: '2-owners', down: '1-base' } });
    const other = { ...cycle, statement: `sha256:${'d'.repeat(64)}` as StatementDigest };
    const cycles = half.ratifications.state === 'read' ? half.ratifications.cycles : [];
    const occasion = occasionOf('x', {
      reading: { ...reading, verdict: unmet },
      ratifications: { state: 'read', cycles: [other, ...cycles] },
    });
    expect(commandsIn(toPrompt(occasion))).toEqual([button]);
  });
});

describe('whatever others write', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(
        fc.constantFrom(
          '```',
          '~~~',
          '\n',
          '\r',
          '\u2028',
          '\n```sh\n',
          'oneroof rollback x',
          '    ',
          '- ',
          '> ',
          '|',
          '"',
          "'",
          '$(x)',
        ),
      )
      .map((parts) => parts.join('')),
  );

  it('the commands stay the same, open and closed', () => {
    for (const change of [{}, blocked]) {
      const [runbook, prompt] = [toRunbook, toPrompt].map((write) => commandsIn(write(occasionOf('plain', change))));
      fc.assert(
        fc.property(texts, (text) => {
          const metrics = change === blocked ? { ospa: 0 } : { ospa: 1 };
          const others = withCycle({ persons: [text], next: { up: text, down: null } }, metrics);
          expect(commandsIn(toRunbook(occasionOf(text, others)))).toEqual(runbook);
          expect(commandsIn(toPrompt(occasionOf(text, others)))).toEqual(prompt);
        }),
      );
    }
  });

  it('a reason of the database or of the network adds no command', () => {
    fc.assert(
      fc.property(texts, (why) => {
        for (const change of [
          withCycle({ closed: { up: readRefusal(why), down: readRefusal(why) } }),
          { ratifications: { state: 'unread' as const, why } },
        ]) {
          const occasion = occasionOf('x', change);
          expect(standingOf(occasion).gate).toBe('closed');
          expect(commandsIn(toPrompt(occasion)).map(verbOf)).toEqual(['gate', 'prompt']);
          expect(toPrompt(occasion)).not.toMatch(/oneroof\s+(rollout|rollback)/);
        }
      }),
    );
  });

  it('the folder of the release stays one word of the command', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 1, unit: fc.constantFrom(' ', "'", '"', '$', ';', '-', 'a', '`', '\\') }),
        async (folder) => {
          const [line = ''] = commandsIn(toPrompt(occasionOf('x', { folder, workIn: folder })));
          const call = await callOf(line);
          expect(call.arguments).toEqual([folder.startsWith('-') ? `./${folder}` : folder]);
          expect(call.folder).toBe(folder);
        },
      ),
    );
  });
});
