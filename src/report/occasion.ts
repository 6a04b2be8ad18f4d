import { isNonEmpty, type NonEmpty, printable, truncate } from '../core/index.ts';
import { answersOf, chooseCycle, type Cycle, type GateReading } from '../gate/index.ts';
import { type SealedRelease, type Tier, type TierId } from '../release/index.ts';
import { explain, type Reason, type Unknown } from './reason.ts';
import { type Report } from './report.ts';
import { undoneBy } from './rows.ts';

/** What a runbook or a prompt is written from: nothing else is asked while it is written. */
export interface Occasion {
  readonly sealed: SealedRelease;
  readonly target: string;
  /** The release as it is named on the command line. */
  readonly folder: string;
  /** What `-C` names, where the commands are to work in another folder. */
  readonly workIn: string | null;
  readonly report: Report;
  /** Taken of this target just now. */
  readonly reading: GateReading;
  readonly ratifications: Ratifications;
}

/** What the target's database says of its ratifications, or why it could not be asked. */
export type Ratifications =
  | { readonly state: 'read'; readonly cycles: readonly Cycle[] }
  | { readonly state: 'unread'; readonly why: string };

/** Whether the release may be rolled out now, or all of it is done and holds. Whatever is not known closes it. */
export type Standing =
  | { readonly gate: 'done'; readonly cycle: Cycle }
  | { readonly gate: 'open'; readonly cycle: Cycle; readonly next: string }
  | { readonly gate: 'closed'; readonly cycle: Cycle | null; readonly reasons: NonEmpty<Reason> };

/** Decides it from the report, the reading of the target and the database's own ratifications. Its reasons may hold an author's text. */
export function standingOf({ sealed, target, report, reading, ratifications }: Occasion): Standing {
  const read = ratifications.state === 'read' ? ratifications.cycles : [];
  const cycle = chooseCycle(read, sealed);
  // read after the look, so a way back that began since is seen
  if (cycle !== null && cycle.next.up === null && !cycle.done.some(isBack)) {
    const undone = [...strange({ sealed, target, report, reading }), ...undoneBy(reading, sealed)];
    if (undone.length === 0) return { gate: 'done', cycle };
    return { gate: 'closed', cycle, reasons: [{ code: 'nothing-left', facts: {} }, ...undone] };
  }
  const reasons: Reason[] = [];
  if (ratifications.state === 'unread')
    reasons.push(unknown({ code: 'gate-unasked', facts: { why: ratifications.why } }));
  else if (cycle === null) reasons.push(unknown({ code: 'not-handed-in', facts: {} }));
  else reasons.push(...closedBy(cycle));
  // once a tier is out, the database alone judges: the state before the first tier is over
  if (cycle === null || cycle.done.length === 0) reasons.push(...notReady({ sealed, target, report, reading }));
  const distinct = [...new Map(reasons.map((reason) => [explain(reason), reason])).values()];
  const next = cycle?.next.up ?? null;
  if (cycle !== null && next !== null && distinct.length === 0) return { gate: 'open', cycle, next };
  return {
    gate: 'closed',
    cycle,
    reasons: isNonEmpty(distinct) ? distinct : [unknown({ code: 'no-next', facts: {} })],
  };
}

/** What answers the hold points of this release, in the cycle that counts: ratified, or not yet. */
export function holdPointsOf({ sealed, ratifications }: Occasion): ReturnType<typeof answersOf<Cycle>> {
  const read = ratifications.state === 'read' ? ratifications.cycles : [];
  const cycle = chooseCycle(read, sealed);
  return answersOf(read, { seal: sealed.seal, cycle: cycle?.statement ?? null });
}

/** The tiers that something stands before: a data gate, or a hold point; each with the tier before it. Barred tiers are never among them. */
export function gatedTiers(
  occasion: Occasion,
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

/** A command line of One Roof for this occasion, to the letter: words that a shell would read otherwise are quoted. */
export function commandOf(
  { folder, workIn, target }: Pick<Occasion, 'folder' | 'workIn' | 'target'>,
  words: { readonly verb: string; readonly onTarget?: true; readonly more?: readonly string[] },
): string {
  const where = folder.startsWith('-') ? `./${folder}` : folder;
  return [
    'oneroof',
    ...words.verb.split(' '),
    quoted(where),
    ...(words.onTarget ? ['--target', quoted(target)] : []),
    ...(words.more ?? []).map(quoted),
    ...(workIn === null ? [] : ['-C', quoted(workIn)]),
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

/** A word as a shell reads it, also one of others: in quotation marks where it must be. */
export function quoted(word: string): string {
  const plain = printable(word);
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", String.raw`'\''`)}'`;
}

const isBack = ({ direction }: Cycle['done'][number]): boolean => direction === 'down';

const unknown = (facts: Unknown): Reason => ({ code: 'unknown', facts });

function closedBy({ closed, done }: Cycle): readonly Reason[] {
  if (done.some(isBack)) return [{ code: 'spent', facts: {} }];
  return closed.up === null ? [] : [{ code: 'gate', facts: closed.up }];
}

type Look = Pick<Occasion, 'sealed' | 'target' | 'report' | 'reading'>;

function strange({ sealed, target, report, reading }: Look): readonly Reason[] {
  const isStrange = report.release.seal !== sealed.seal || reading.seal !== sealed.seal || reading.target !== target;
  return isStrange ? [unknown({ code: 'stranger', facts: {} })] : [];
}

function notReady(look: Look): readonly Reason[] {
  const { report, reading } = look;
  return [
    ...strange(look),
    ...(report.readiness.status === 'GO'
      ? []
      : [
          { code: 'unready', facts: {} } as const,
          ...report.readiness.reasons.map((why) => ({ code: 'unproven', facts: { why } }) as const),
        ]),
    ...(reading.verdict.decision === 'OPEN'
      ? []
      : reading.verdict.reasons.map((unmet) => ({ code: 'unmet', facts: unmet }) as const)),
  ];
}
