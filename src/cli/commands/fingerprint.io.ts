import { canonicalJson, digest, OneRoofError, printable, shortDigest, stated } from '../../core/index.ts';
import { type DataFingerprint, drawSeeds, explainNoticed, type FingerprintDocument } from '../../fingerprint/index.ts';
import { paint } from '../output.io.ts';
import {
  databaseSide,
  type DatabaseSide,
  type ReadOptions,
  readDocument,
  takeFingerprint,
} from '../compared-side.io.ts';
import { newFile } from '../new-file.io.ts';
import { type Context, type CommandRun } from '../verb.ts';

/** Takes the fingerprint of one database, read-only, and keeps it in a file where one is named. */
export const run: CommandRun = async (context) => {
  const { out } = context.options;
  const look = lookOf(context);
  const file = typeof out === 'string' ? newFile(context, out) : null;
  const side = await databaseSide(context, context.arguments[0]);
  const fingerprint = await takeFingerprint(side, look, context);
  const outcome = { schema: 'oneroof/fingerprint/1', exit: 0, data: { as: side.as, fingerprint } } as const;
  if (file !== null) {
    // it may show the text of functions and comments: for its owner alone
    file.write(`${JSON.stringify({ schema: outcome.schema, exit: outcome.exit, ...outcome.data }, null, 2)}\n`, 0o600);
    context.terminal.say(
      `${printable(String(out))} written; compare with it: oneroof diff ${printable(String(out))} TARGET`,
    );
  }
  return { ...outcome, text: describeFingerprint(side, fingerprint) };
};

function lookOf(context: Context): ReadOptions {
  const { rows, strong, like } = context.options;
  if (rows !== true) {
    if (strong !== true && like === undefined) return { rows: null };
    throw new OneRoofError('USAGE', {
      ...stated`${strong === true ? '--strong' : '--like'} sets how rows are hashed, but --rows is missing`,
      fix: 'add --rows',
    });
  }
  if (typeof like !== 'string') return { rows: { hash: strong === true ? 'strong' : 'fast', seeds: drawSeeds() } };
  const { data } = readDocument(context, like);
  if (data === null || (strong === true && data.hash !== 'strong'))
    throw new OneRoofError('USAGE', {
      ...stated`${{ file: printable(like) }} ${data === null ? 'holds no rows' : 'was made without --strong'}`,
      fix: 'name a fingerprint that was made with the same options',
    });
  return { rows: { hash: data.hash, seeds: data.seeds } };
}

function describeFingerprint(side: DatabaseSide, fingerprint: FingerprintDocument): string {
  const { schema, data, serverVersion } = fingerprint;
  const kinds = new Map<string, number>();
  for (const { kind } of schema.objects) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const facts = [
    ['database', `${fingerprint.of}, PostgreSQL ${Math.floor(serverVersion / 10_000)}.${serverVersion % 10_000}`],
    ['read', side.as === 'observer' ? 'with a role that cannot write' : 'with any role, in read-only transactions'],
    ['schema, strict', schema.digest],
    ['schema, logical', schema.logicalDigest],
    ...(data === null ? [] : [['rows', `${data.digest} (${data.hash}, seeds ${data.seeds.join(' and ')})`]]),
  ];
  const objects = [...kinds].map(([kind, count]) => [kind, String(count)]);
  return [
    ...table(facts),
    '',
    paint.heading(`Objects (${schema.objects.length})`),
    ...table(objects, [1]),
    ...(data === null ? [] : describeRows(data)),
    ...(schema.noticed.length === 0
      ? []
      : [
          '',
          paint.heading(`Noticed (${schema.noticed.length})`),
          ...table(schema.noticed.map((one) => [explainNoticed(one)])),
        ]),
  ].join('\n');
}

function describeRows(data: DataFingerprint): string[] {
  const relations = data.relations.map((one) => [
    one.relation,
    BigInt(one.rows).toLocaleString('en-US'),
    shortDigest(digest('rows', [canonicalJson(one)])),
  ]);
  const sequences = data.sequences.map(({ sequence, lastValue, isCalled }) => [
    sequence,
    lastValue,
    isCalled ? '' : 'not called yet',
  ]);
  const open = data.notProven.map(({ relation, reason }) => [relation, reason]);
  return [
    '',
    paint.heading(`Rows (${relations.length} relations)`),
    ...table(relations, [1]),
    '',
    paint.heading(`Sequences (${sequences.length})`),
    ...table(sequences, [1]),
    '',
    paint.heading(`Not proven (${open.length})`),
    ...table(open),
  ];
}

/** Lines of cells below each other; numbers to the right. Names are an author's text. */
function table(rows: readonly (readonly string[])[], numbers: readonly number[] = []): string[] {
  const safe = rows.map((row) => row.map(printable));
  const widths = (safe[0] ?? []).map((_, n) => safe.reduce((widest, row) => Math.max(widest, row[n]?.length ?? 0), 0));
  return safe.map((row) => {
    const cells = row.map((cell, n) =>
      numbers.includes(n) ? cell.padStart(widths[n] ?? 0) : cell.padEnd(widths[n] ?? 0),
    );
    return `  ${cells.join('  ')}`.trimEnd();
  });
}
