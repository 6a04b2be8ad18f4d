import { type Truth } from './judge.io.ts';
import { type Verdict } from './ours.io.ts';

/** One pair with both verdicts. */
export interface Judged {
  readonly pair: string;
  readonly truth: Truth;
  readonly ours: Verdict;
  /** The same by the command line, where the pair was of the sample. */
  readonly command: { readonly status: number | null; readonly said: string; readonly milliseconds: number } | null;
}

type Agreement = 'agree' | 'wrong GO' | 'wrong NO-GO' | 'refused';

/** How two verdicts of a pair stand to each other. A refusal by lint is no verdict about the rollback. */
export function agreementOf({ truth, ours }: Judged): Agreement {
  const isEqual = truth.verdict === 'equal';
  if (ours.verdict === 'GO') return isEqual ? 'agree' : 'wrong GO';
  if (!isEqual) return 'agree';
  return ours.verdict === 'refused' ? 'refused' : 'wrong NO-GO';
}

/** One line of a pair; where the two disagree, with the reasons of both. */
export function lineOf(judged: Judged): string {
  const { pair, truth, ours, command } = judged;
  const agreement = agreementOf(judged);
  const times = `${ms(ours.total)} (SQL ${ms(ours.sql)}), psql ${ms(truth.sql)}, judge ${ms(truth.all)}`;
  const head = `${agreement.padEnd(11)}  ${ours.verdict.padEnd(7)}  ${truth.verdict.padEnd(10)}  ${times}  ${pair}\n`;
  const few = (who: string, why: readonly string[]): string =>
    why
      .slice(0, 6)
      .map((one) => `             ${who}: ${one}\n`)
      .join('') + (why.length > 6 ? `             ${who}: and ${why.length - 6} more\n` : '');
  const isOdd = command !== null && (command.status === 0) !== (ours.verdict === 'GO');
  const odd = isOdd ? `             by command: exit ${command.status}: ${command.said}\n` : '';
  return head + (agreement === 'agree' ? '' : few('ours', ours.why) + few('judge', truth.why)) + odd;
}

/** The table of a folder. */
export function summaryOf(name: string, all: readonly Judged[]): string {
  const count = (which: (one: Judged) => boolean): number => all.filter(which).length;
  const of = (agreement: Agreement): number => count((one) => agreementOf(one) === agreement);
  const ran = all.filter(({ ours }) => ours.total > 0);
  const beside = ran.map(({ ours }) => ours.total - ours.sql);
  const totals = ran.map(({ ours }) => ours.total);
  const ratios = ran.filter(({ truth }) => truth.verdict === 'equal').map(({ ours, truth }) => ours.total / truth.all);
  const commands = all.flatMap(({ command }) => (command === null ? [] : [command.milliseconds]));
  const lint = all.flatMap(({ ours }) => [...new Set(ours.lint)]);
  return `
${name}: ${all.length} pairs
  judge      ${(['equal', 'different', 'down fails', 'up fails'] as const).map((kind) => `${kind} ${count(({ truth }) => truth.verdict === kind)}`).join(', ')}
  ours       ${(['GO', 'NO-GO', 'refused', 'broken'] as const).map((kind) => `${kind} ${count(({ ours }) => ours.verdict === kind)}`).join(', ')}; with \`varies\` ${count(({ ours }) => ours.varies.length > 0)}
  agree ${of('agree')}, wrong GO ${of('wrong GO')}, wrong NO-GO ${of('wrong NO-GO')}, refused although equal ${of('refused')}
  rehearsal  median ${ms(median(totals))}, most ${ms(Math.max(0, ...totals))}; beside its own SQL: median ${ms(median(beside))}, most ${ms(Math.max(0, ...beside))}
  ratio      to copy, psql up and down and two dumps: median ${median(ratios).toFixed(2)}, most ${Math.max(0, ...ratios).toFixed(2)}
  command    ${commands.length} pairs, median ${ms(median(commands))}, most ${ms(Math.max(0, ...commands))}
  lint       without allows: ${[...new Set(lint)].map((code) => `${code} ${lint.filter((one) => one === code).length}`).join(', ') || 'nothing'}
`;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function ms(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
