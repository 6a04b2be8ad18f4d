import { isNonEmpty, type NonEmpty, printable, truncate } from '../core/index.ts';
import { answersOf, chooseCycle, type CycleRow, type CycleRows, type GateReading } from '../gate/index.ts';
import { type SealedRelease, type Tier, type TierId } from '../release/index.ts';
import { type TargetReading, type Verdict, verdictOf } from '../rollout/index.ts';
import { explain, type ReportReason, type Unknown } from './report-reason.ts';
import { type Report } from './report.ts';

/** What a runbook or a prompt is written from: nothing else is asked while it is written. */
export interface ReleaseContext {
  readonly sealed: SealedRelease;
  readonly target: string;
  /** The release as named on the command line. */
  readonly folder: string;
  /** What `-C` names, where the commands are to work in another folder. */
  readonly workIn: string | null;
  readonly report: Report;
  /** Taken of this target just now. */
  readonly reading: GateReading;
  readonly ratifications: Ratifications;
}

/** What the target's database says of the ratifications of a seal, or why it could not be asked. */
export type Ratifications =
  | { readonly state: 'read'; readonly cycles: readonly CycleRows[] }
  | { readonly state: 'unread'; readonly why: string };

/** Whether the release may be rolled out now, or all of it is done and holds. Whatever is not known closes it. */
export type ReleaseState = { readonly verdict: Verdict } & (
  | { readonly gate: 'done'; readonly cycle: CycleRow }
  | { readonly gate: 'open'; readonly cycle: CycleRow; readonly next: string }
  | { readonly gate: 'closed'; readonly cycle: CycleRow | null; readonly reasons: NonEmpty<ReportReason> }
);

/** What a verdict is made of: the rows are read after the reading, so a rollback that began since is seen. */
export function seenOf({ reading, ratifications }: Pick<ReleaseContext, 'reading' | 'ratifications'>): TargetReading {
  return { rows: ratifications, verdict: reading.verdict, drift: reading.drift };
}

/** The verdict on the target's answers, and what else in the report and the reading closes it. Its reasons may hold an author's text. */
export function standingOf({ sealed, target, report, reading, ratifications }: ReleaseContext): ReleaseState {
  const read = ratifications.state === 'read' ? ratifications.cycles : [];
  const verdict = verdictOf(seenOf({ reading, ratifications }), { sealed, direction: 'up' });
  const cycle = read.find(({ statement }) => statement === verdict.statement) ?? null;
  const look = { sealed, target, report, reading };
  // once a tier is out, the state before the first tier has ended
  const isBegun = cycle !== null && cycle.done.length > 0;
  const reasons = [...verdict.reasons, ...strange(look), ...(isBegun ? [] : notReady(look))];
  const distinct = [...new Map(reasons.map((reason) => [explain(reason), reason])).values()];
  if (isNonEmpty(distinct)) return { verdict, gate: 'closed', cycle, reasons: distinct };
  const [next] = verdict.runs;
  if (cycle !== null && next !== undefined) return { verdict, gate: 'open', cycle, next };
  if (cycle !== null && verdict.decision === 'DONE') return { verdict, gate: 'done', cycle };
  return { verdict, gate: 'closed', cycle, reasons: [{ code: 'unchecked', facts: {} }] };
}

/** What answers the hold points of this release, in the cycle that counts: ratified, or not yet. */
export function holdPointsOf({ sealed, ratifications }: ReleaseContext): ReturnType<typeof answersOf<CycleRows>> {
  const read = ratifications.state === 'read' ? ratifications.cycles : [];
  const cycle = chooseCycle(read, sealed);
  return answersOf(read, { seal: sealed.seal, cycle: cycle?.statement ?? null });
}

/** The tiers with a data gate or a hold point before them; each with the previous tier. Barred tiers are never among them. */
export function gatedTiers(
  occasion: ReleaseContext,
): readonly { readonly tier: Tier; readonly before: TierId | null; readonly why: readonly string[] }[] {
  const { release } = occasion.sealed;
  const held = new Set(holdPointsOf(occasion).map(({ opens }): string => opens.tier));
  const usable = release.tiers.filter(({ barred }) => barred === null);
  return usable.flatMap((tier, index) => {
    const why = [
      ...release.gates.filter(({ before }) => before === tier.id).map(({ title }) => `data gate: ${title}`),
      ...(held.has(tier.id) ? ['hold point: a further ratification'] : []),
    ];
    return why.length === 0 ? [] : [{ tier, before: usable[index - 1]?.id ?? null, why }];
  });
}

/** A command line of One Roof for this case, as it is typed: words with a special meaning in a shell are quoted. */
export function commandOf(
  { folder, workIn, target }: Pick<ReleaseContext, 'folder' | 'workIn' | 'target'>,
  words: { readonly verb: string; readonly onTarget?: true; readonly more?: readonly string[] },
): string {
  const where = folder.startsWith('-') ? `./${folder}` : folder;
  return [
    'oneroof',
    ...words.verb.split(' '),
    shellQuoted(where),
    ...(words.onTarget ? ['--target', shellQuoted(target)] : []),
    ...(words.more ?? []).map(shellQuoted),
    ...(workIn === null ? [] : ['-C', shellQuoted(workIn)]),
  ].join(' ');
}

/** A block of commands. */
export function block(commands: readonly string[]): string {
  return ['```sh', ...commands, '```'].join('\n');
}

/** A text of others, as one line in quotation marks that can neither begin a block nor spell a command that changes production. */
export function said(hostile: string): string {
  const plain = printable(hostile)
    .replace(/`/g, "'")
    .replace(/oneroof\s+(?=roll)/gi, 'oneroof […] ');
  return JSON.stringify(truncate(plain, 400));
}

/** A word for a shell, also an untrusted one: quoted if necessary. */
export function shellQuoted(word: string): string {
  const plain = printable(word);
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", String.raw`'\''`)}'`;
}

const unknown = (facts: Unknown): ReportReason => ({ code: 'unknown', facts });

type Look = Pick<ReleaseContext, 'sealed' | 'target' | 'report' | 'reading'>;

function strange({ sealed, target, report, reading }: Look): readonly ReportReason[] {
  const isStrange = report.release.seal !== sealed.seal || reading.seal !== sealed.seal || reading.target !== target;
  return isStrange ? [unknown({ code: 'stranger', facts: {} })] : [];
}

function notReady(look: Look): readonly ReportReason[] {
  const { readiness } = look.report;
  if (readiness.status === 'GO') return [];
  return [
    { code: 'unready', facts: {} },
    ...readiness.reasons.map((why) => ({ code: 'unproven', facts: { why } }) as const),
  ];
}
