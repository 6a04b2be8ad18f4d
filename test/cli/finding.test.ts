import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { problemFinding } from '../../src/cli/finding.ts';
import { publishedForms } from '../../src/cli/json/schema-names.ts';
import { nextIn } from '../../src/cli/next-of.ts';
import { typedLine } from '../../src/cli/typed-line.ts';
import { actorOf, errorCodes, OneRoofError, stated } from '../../src/core/index.ts';
import { actorForHeld, refusals } from '../../src/rollout/refusals.ts';
import { verbs } from '../../src/cli/verbs.io.ts';
import { refusal } from './command-line.ts';

const source = join(import.meta.dirname, '..', '..', 'src');
const sources = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(source, name), 'utf8'));

/** Every fix that the product can give, as far as its text is in the source; a hole is a word. */
const fixes = sources.flatMap((text) =>
  [...text.matchAll(/'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`/g)]
    .map(([, plain, template]) => (plain ?? template ?? '').replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, 'hole'))
    .filter((one) => /oneroof |command again/.test(one)),
);

describe('the next command of a finding', () => {
  const typed = typedLine(['rollout', 'my release', '--target', 'production', '-C', 'ops'], verbs);

  it('is taken by the command line, whatever fix it comes from', { timeout: 300_000 }, async () => {
    const lines = [...new Set(fixes.flatMap((fix) => nextIn(fix, typed) ?? []))];
    expect(lines.length).toBeGreaterThan(40);
    const wrong: string[] = [];
    for (const line of lines) {
      const why = await refusal(line);
      if (why !== null) wrong.push(`${line}: ${why}`);
    }
    expect(wrong).toEqual([]);
  });

  it('is complete: the release and the folder of the present command, and no value that is to be chosen', () => {
    const next = (fix: string): string | null => nextIn(fix, typed);
    expect(next('run `oneroof clone golden` first')).toBe('oneroof clone golden -C ops');
    expect(next('seal it again: oneroof seal RELEASE')).toBe("oneroof seal 'my release' -C ops");
    expect(next('run oneroof rehearse --golden, and fix the problems')).toBe(
      "oneroof rehearse 'my release' --golden -C ops",
    );
    expect(next('oneroof doctor names what is missing: a gate')).toBe("oneroof doctor 'my release' -C ops");
    expect(next('add it, then run the same command again')).toBe(
      "oneroof rollout 'my release' --target production -C ops",
    );
    expect(next('make one: oneroof init FOLDER')).toBeNull();
    expect(next('sign it: oneroof revoke my-release --reason "…"')).toBeNull();
    expect(next('name the address (oneroof policy init --origin writes one)')).toBeNull();
    expect(next('if this is the target from now on: oneroof adopt production --reason "why"')).toBeNull();
    expect(next('oneroof upgrade staging upgrades it to the version of this program')).toBeNull();
    expect(next('`oneroof upgrade staging` upgrades it')).toBe('oneroof upgrade staging -C ops');
    expect(next('write oneroof.yaml, and add `clone:`')).toBeNull();
    expect(next('oneroof ratify --everything')).toBeNull();
    expect(
      nextIn('run the same command again', typedLine(['init', '--url', 'postgres://me:secret@db/shop'], verbs)),
    ).toBeNull();
    expect(nextIn('run the same command again', typedLine(['frobnicate'], verbs))).toBeNull();
  });

  it('is not found where the command line has none: the check of this test finds a wrong one', {
    timeout: 300_000,
  }, async () => {
    expect(await refusal('oneroof clone')).not.toBeNull();
    expect(await refusal('oneroof seal --frobnicate')).not.toBeNull();
    expect(await refusal("oneroof seal 'my release'")).toBeNull();
  });
});

describe('a finding', () => {
  const typed = typedLine(['lint', 'release'], verbs);
  const error = new OneRoofError('DOWN_MISSING', {
    ...stated`tier ${{ tier: '3-ownership' }} has no ${{ file: 'down.sql' }}, of ${{ tiers: ['1-rows', '3-ownership'] }}`,
    fix: 'add it',
    place: { file: 'tiers/3-ownership', line: 1 },
  });
  const [problem] = error.problems;
  const good = { schema: 'oneroof/error/1', exit: 3, problems: [problemFinding(problem, typed)] };
  const form = z.fromJSONSchema(z.toJSONSchema(publishedForms['oneroof/error/1'].form) as z.core.JSONSchema.JSONSchema);

  it('has the values of its sentence as data', () => {
    expect(problem.problem).toBe('tier 3-ownership has no down.sql, of 1-rows, 3-ownership');
    expect(problem.facts).toEqual({ tier: '3-ownership', file: 'down.sql', tiers: ['1-rows', '3-ownership'] });
    expect(good.problems[0]).toMatchObject({ next: null, by: 'author', place: { file: 'tiers/3-ownership', line: 1 } });
  });

  it('is published with every member: one that lacks is no finding', () => {
    expect(form.safeParse(good).success).toBe(true);
    for (const member of ['code', 'facts', 'place', 'fix', 'next', 'by', 'problem']) {
      const { [member]: _, ...rest } = good.problems[0] as unknown as Record<string, unknown>;
      expect(form.safeParse({ ...good, problems: [rest] }).success, member).toBe(false);
    }
    for (const bad of [{ next: 'read the manual' }, { by: 'someone' }, { facts: 'tier 3' }])
      expect(form.safeParse({ ...good, problems: [{ ...good.problems[0], ...bad }] }).success).toBe(false);
  });

  it('says who acts, of every code', () => {
    expect(Object.keys(errorCodes).map(actorOf)).not.toContain(undefined);
    expect([actorOf('INTERNAL'), actorOf('RULE_SESSION'), actorOf('CONNECT_REFUSED')]).toEqual([
      'maintainer',
      'author',
      'operator',
    ]);
    const held = Object.keys(refusals).map(actorForHeld);
    expect(new Set(held)).toEqual(new Set(['approver', 'author', 'operator', 'administrator']));
    expect(actorForHeld('seats')).toBe('approver');
    expect(actorForHeld('intact')).toBe('administrator');
  });
});

describe('a sentence of the product', () => {
  it('names no value that is not a fact of it', () => {
    const wrong = sources.flatMap((text) =>
      [...text.matchAll(/stated`((?:[^`\\]|\\.|\$\{[^}]*\})*)`/g)].flatMap(([, sentence = '']) =>
        [...sentence.matchAll(/\$\{\s*(?!\{)(\w+(?:\.\w+)*|printable\([\w.]+\))\s*\}/g)].map(([hole]) => hole),
      ),
    );
    expect(wrong.filter((hole) => !/\$\{where\}/.test(hole))).toEqual([]);
  });

  it('names its facts by nouns, and has one word for one idea: `said` by a server or program, `why` by One Roof, `file`', () => {
    const unclear =
      /^(?:what|where|when|which|who|how|by|of|at|to|from|more|first|second|wanted|want|given|found|named|shown|message|reason|problem|text|path)$/;
    const names = sources.flatMap((text) => [...text.matchAll(/\$\{\{ (\w+)[ :]/g)].map(([, name = '']) => name));
    expect(names.length).toBeGreaterThan(400);
    expect(names.filter((name) => unclear.test(name))).toEqual([]);
  });
});
