/**
 * A line of crontab(5), every day at 03:17. What the command prints goes to a file; cron sends mail where even that fails.
 *
 * Source  crontab(5): a percent sign is a new line unless a backslash stands before it.
 */
export function cronLine(of: {
  /** Absolute. */
  readonly folder: string;
  readonly command: readonly string[];
  readonly log: string;
}): string {
  const line = `cd ${quoted(of.folder)} && ${of.command.map(quoted).join(' ')} >>${quoted(of.log)} 2>&1`;
  return `17 3 * * * ${line.replaceAll('%', String.raw`\%`)}`;
}

function quoted(word: string): string {
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
