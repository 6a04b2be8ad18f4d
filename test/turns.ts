/**
 * The test files that take longest, from the root: each runs a story of many commands, or very many cases. Together they take three
 * quarters of the time of all tests. `npm test` runs them all; `.ci/run` runs a quarter, which the commit selects (ONEROOF_TEST_TURN=1/4).
 */
export const slowest: readonly string[] = [
  'test/clone/beside.test.ts',
  'test/clone/dump.test.ts',
  'test/cli/beside-serve.test.ts',
  'test/cli/counted.test.ts',
  'test/cli/draft-back.test.ts',
  'test/cli/endings.test.ts',
  'test/cli/first-hour.test.ts',
  'test/cli/json.test.ts',
  'test/cli/night.test.ts',
  'test/cli/ratify-drift.test.ts',
  'test/cli/verdict.test.ts',
  'test/demo/demo.test.ts',
  'test/evidence/damaged.test.ts',
  'test/fingerprint/delta.test.ts',
  'test/gate/attacks-drift.test.ts',
  'test/gate/attacks-purpose.test.ts',
  'test/gate/attacks-settings.test.ts',
  'test/rehearsal/footprint.test.ts',
  'test/rehearsal/gate-time.test.ts',
  'test/rehearsal/partitions.test.ts',
  'test/rehearsal/restoring.test.ts',
  'test/rehearsal/role.test.ts',
  'test/rehearsal/stale.test.ts',
  'test/rehearsal/twin.test.ts',
  'test/rollout/execute.test.ts',
  'test/rollout/resumed.test.ts',
  'test/rollout/verdict.test.ts',
  'test/runbooks/copies.test.ts',
  'test/site/keyboard.test.ts',
  'test/site/look-odd.test.ts',
  'test/site/look.test.ts',
  'test/site/newcomer.test.ts',
  'test/site/people-browser.test.ts',
  'test/site/planted.test.ts',
  'test/site/ratification.test.ts',
  'test/site/statements.test.ts',
  'test/site/timeline.test.ts',
  'test/signing/ratify.test.ts',
  'test/cli/life.test.ts',
  'test/cli/origin.test.ts',
  'test/cli/basebackup.test.ts',
  'test/cli/masks.test.ts',
  'test/cli/far.test.ts',
  'test/cli/server-add.test.ts',
  'test/clone/basebackup-ends.test.ts',
  'test/clone/masks.test.ts',
  'test/clone/dump-odd.test.ts',
  'test/clone/sample.test.ts',
  'test/rehearsal/sampled.test.ts',
  'test/docs/far-tutorial.test.ts',
  'test/check/damage.test.ts',
  'test/check/hazards.test.ts',
  'test/check/rows.test.ts',
  'test/clone/mask-command.test.ts',
  'test/cli/exec.test.ts',
  'test/cli/check-record.test.ts',
  'test/rollout/crash.test.ts',
  'test/runbooks/restore.test.ts',
];

/** Those that are not run in a turn, `2/4` for the second of four; none where no turn is named. Error: a turn that is none. */
export function leftOut(turn: string | undefined): readonly string[] {
  if (turn === undefined || turn === '') return [];
  const [, at = 0, of = 0] = (/^([1-9]\d?)\/([1-9]\d?)$/.exec(turn) ?? []).map(Number);
  if (at === 0 || at > of) throw new Error(`ONEROOF_TEST_TURN is ${turn}: write 1/4, for the first quarter`);
  return slowest.filter((_test, index) => index % of !== at - 1);
}
