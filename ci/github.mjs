import { appendFileSync, readFileSync } from 'node:fs';

const { GITHUB_TOKEN: token = '', GITHUB_API_URL: api, GITHUB_REPOSITORY: own } = process.env;

/** What the runner says of the event; no event is as unknown as a wrong one. */
function readEvent() {
  return JSON.parse(readFileSync(process.env['GITHUB_EVENT_PATH'] ?? '', 'utf8'));
}

/** Events whose code is this repository's, or whose payload says whose it is. */
const telling = [
  'push',
  'schedule',
  'workflow_dispatch',
  'merge_group',
  'release',
  'workflow_run',
  'pull_request',
  'pull_request_target',
  'pull_request_review',
  'pull_request_review_comment',
];

/** A job of GitHub Actions: what it knows of its event, and what it can say. */
export const github = {
  /** Variables that no command of ours gets. */
  secrets: ['GITHUB_TOKEN'],
  /** Where a step leaves files. */
  folder: process.env['RUNNER_TEMP'] ?? '.',

  /**
   * Says why the code of an event is not this repository's own; null: it is. What does not say whose it is, is foreign.
   *
   * Source  GitHub, "Webhook events and payloads": pull_request, workflow_run, issue_comment.
   */
  foreignBy() {
    if (!telling.includes(process.env['GITHUB_EVENT_NAME'] ?? ''))
      return 'an event that does not say whose code is checked out';
    const { pull_request: pull, workflow_run: run, issue } = readEvent();
    if (pull !== undefined && pull?.head?.repo?.full_name !== own) return 'a pull request of a fork';
    if (run !== undefined && run?.head_repository?.full_name !== own) return 'a run for a fork';
    if (issue?.pull_request !== undefined) return 'a comment, which does not say whose code is checked out';
    return null;
  },

  /** Words of others in the log: the runner obeys none of them until it reads a word that no one can know. */
  quoted: (text, word) => `::stop-commands::${word}\n${text}\n::${word}::`,

  /** Gives the step an output. */
  setOutput(name, value) {
    appendFileSync(process.env['GITHUB_OUTPUT'] ?? '', `${name}=${value.replaceAll(/[\r\n]/g, ' ')}\n`);
  },

  /** Adds Markdown to the summary of the job. */
  summarise(markdown) {
    appendFileSync(process.env['GITHUB_STEP_SUMMARY'] ?? '', markdown);
  },

  /** A step has files of its own for what it says: nothing of an earlier run is in them. */
  clear: () => undefined,

  /** The comments of the pull request; null: there is no token, or no pull request. */
  comments() {
    const number = token === '' ? null : (readEvent().pull_request?.number ?? null);
    if (number === null) return null;
    const base = `${api}/repos/${own}/issues`;
    return {
      all: `${base}/${number}/comments`,
      one: (id) => `${base}/comments/${id}`,
      replaceBy: 'PATCH',
      headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json' },
      // one that a person wrote is left alone, whatever it begins with
      isOurs: async () => (comment) => comment.user?.type === 'Bot',
      right: 'the permission pull-requests: write',
    };
  },
};
