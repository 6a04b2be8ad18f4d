import { appendFileSync, readFileSync } from 'node:fs';

/** What the runner says of the event; no event is as unknown as a wrong one. */
export function readEvent() {
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

/**
 * Says why the code of an event is not this repository's own; null: it is. What does not say whose it is, is foreign.
 *
 * Source  GitHub, "Webhook events and payloads": pull_request, workflow_run, issue_comment.
 */
export function foreignBy(event) {
  const own = process.env['GITHUB_REPOSITORY'];
  if (!telling.includes(process.env['GITHUB_EVENT_NAME'] ?? ''))
    return 'an event that does not say whose code is checked out';
  const { pull_request: pull, workflow_run: run, issue } = event;
  if (pull !== undefined && pull?.head?.repo?.full_name !== own) return 'a pull request of a fork';
  if (run !== undefined && run?.head_repository?.full_name !== own) return 'a run for a fork';
  if (issue?.pull_request !== undefined) return 'a comment, which does not say whose code is checked out';
  return null;
}

/** A text of others as Markdown: not one character of it is markup, and it mentions no one. */
export function plainBlock(text) {
  const safe = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('@', '&#64;');
  return `<pre>\n${safe.trimEnd()}\n</pre>\n`;
}

/** Gives the step an output. */
export function setOutput(name, value) {
  appendFileSync(process.env['GITHUB_OUTPUT'] ?? '', `${name}=${value.replaceAll(/[\r\n]/g, ' ')}\n`);
}
