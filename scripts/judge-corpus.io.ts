// Judges a folder of migrations with psql and pg_dump alone, to compare with what `oneroof check --json` says. It shares no code with src.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { agreementOf, type Verdicts } from './corpus/compare.ts';
import { type Court, openCourt, rowsFor } from './corpus/court.io.ts';
import { layouts, type Pair, pairsIn } from './corpus/layout.ts';
import { emptyAll, type Finding, tryPair } from './corpus/trial.io.ts';

const usage = `usage: node --import tsx scripts/judge-corpus.io.ts --tool TOOL --folder DIR [--from NAME] [--only REGEXP] [--json FILE] [--ours FILE] [--bin DIR] [--judged FILE]
  --tool    ${Object.keys(layouts).join(', ')}; pairs: the files of golang-migrate, in a transaction
  --folder  again for each folder that the tool runs together with the first one
  --from    judge this migration, by its name, and all after it; those before are run alone
  --only    judge those alone whose names match; the others are run
  --json    write what was found of each migration
  --ours    compare with what \`oneroof check --all --json\` wrote
  --judged  compare with what --json wrote before; judge nothing
  --bin     the folder of initdb, pg_ctl, psql and pg_dump; default: the newest version below /usr/lib/postgresql
`;

interface Judged {
  readonly name: string;
  readonly findings: readonly Finding[];
}

const base = 'corpus_base';

/** Judges each migration before the base goes past it; one that fails is left out. */
function judgeAll(court: Court, pairs: readonly Pair[], from: string | undefined): readonly Judged[] {
  court.ask('postgres', `create database ${base}`);
  const first = from === undefined ? 0 : pairs.findIndex(({ name }) => name === from);
  if (first < 0) throw new Error(`no migration is named ${from}`);
  for (const { up } of pairs.slice(0, first)) court.send(base, up);
  return pairs.slice(first).flatMap((pair) => {
    if (!new RegExp(values.only).test(pair.name)) {
      court.send(base, pair.up);
      return [];
    }
    court.ask(base, rowsFor(`${pair.up.text}\n${pair.down?.text ?? ''}`));
    const findings = tryPair(court, base, pair);
    const what = findings[0]?.what;
    if (what === 'up fails on rows') emptyAll(court, base);
    if (what !== 'up fails') court.send(base, pair.up);
    process.stderr.write(`${pair.name}: ${findings.map(({ what }) => what).join(', ') || 'clean'}\n`);
    return [{ name: pair.name, findings }];
  });
}

function filesBelow(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.sql$|metadata\.toml$/.test(name),
  );
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

interface Ours {
  readonly migrations: readonly {
    readonly name: string;
    readonly verdict: string;
    readonly faults: readonly { readonly code: string; readonly level: string; readonly cause: string }[];
  }[];
}

/** Prints the numbers of both, and each migration of which they do not say the same. */
function compare(judged: readonly Judged[], ours: Ours): void {
  const both = judged.flatMap((one) => {
    const our = ours.migrations.find(({ name }) => name === one.name);
    return our === undefined ? [] : [{ one, our }];
  });
  const counts = new Map<string, number>();
  for (const { one, our } of both) {
    const verdicts: Verdicts = {
      name: one.name,
      judge: one.findings.map(({ what }) => what),
      ours: our.faults.map(({ code }) => code),
    };
    const agreement = agreementOf(verdicts);
    counts.set(agreement, (counts.get(agreement) ?? 0) + 1);
    if (agreement === 'agree') continue;
    process.stdout.write(`${agreement}: ${one.name}\n`);
    for (const { code, cause } of our.faults) process.stdout.write(`    ours   ${code}: ${cause.slice(0, 300)}\n`);
    for (const { what, why } of one.findings)
      process.stdout.write(`    judge  ${what}: ${why.slice(0, 4).join(' | ').slice(0, 300)}\n`);
  }
  const alone = judged.length - both.length;
  process.stdout.write(`judge: ${tally(judged.map(({ findings }) => findings[0]?.what ?? 'clean'))}\n`);
  process.stdout.write(`ours: ${tally(ours.migrations.map(({ verdict }) => verdict))}\n`);
  process.stdout.write(
    `${[...counts].map(([name, count]) => `${name} ${count}`).join(', ')}; ${alone} of the judge's alone, ${ours.migrations.length - both.length} of ours\n`,
  );
}

function tally(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .map(([word, count]) => `${word} ${count}`)
    .join(', ');
}

const { values } = parseArgs({
  options: {
    tool: { type: 'string' },
    only: { type: 'string', default: '' },
    from: { type: 'string' },
    folder: { type: 'string', multiple: true },
    json: { type: 'string' },
    ours: { type: 'string' },
    bin: { type: 'string' },
    judged: { type: 'string' },
  },
});

function main(): void {
  const { tool, folder, json, ours, bin, judged } = values;
  let found: readonly Judged[];
  if (judged !== undefined)
    found = (JSON.parse(readFileSync(judged, 'utf8')) as { migrations: readonly Judged[] }).migrations;
  else {
    if (tool === undefined || folder === undefined) {
      process.stderr.write(usage);
      process.exitCode = 2;
      return;
    }
    const pairs = pairsIn(tool, new Map(folder.flatMap((one) => [...filesBelow(one)])));
    const began = performance.now();
    const court = openCourt(bin);
    try {
      found = judgeAll(court, pairs, values.from);
      const seconds = Math.round((performance.now() - began) / 1000);
      if (json !== undefined)
        writeFileSync(json, JSON.stringify({ server: court.version, seconds, migrations: found }, null, 1));
    } finally {
      court.stop();
    }
  }
  if (ours !== undefined) compare(found, (JSON.parse(readFileSync(ours, 'utf8')) as { result: Ours }).result);
}

main();
