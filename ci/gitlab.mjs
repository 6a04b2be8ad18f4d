import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const { ONEROOF_GITLAB_TOKEN: token = '', CI_API_V4_URL: api } = process.env;
const { CI_PROJECT_ID: own, CI_MERGE_REQUEST_PROJECT_ID: into, CI_MERGE_REQUEST_SOURCE_PROJECT_ID: from } = process.env;

/** Pipelines whose code is a branch or a tag of this project, or that say whose it is. */
const telling = ['push', 'schedule', 'web', 'merge_request_event'];
const folder = process.env['CI_PROJECT_DIR'] ?? '.';
const outputs = join(folder, 'oneroof-release.env');
const headers = { 'private-token': token };

/** A job of GitLab CI/CD: what it knows of its pipeline, and what it can say. */
export const gitlab = {
  /** Variables that no command of ours gets; the address of the repository has a token in it. */
  secrets: ['ONEROOF_GITLAB_TOKEN', 'CI_JOB_TOKEN', 'CI_REPOSITORY_URL'],
  /** Where a job leaves files: artifacts are below the checkout. */
  folder,

  /**
   * Says why the code of a pipeline is not this project's own; null: it is. A pipeline of a fork's merge request runs in the fork, or in this
   * project where a member starts it, and then it would get the variables of this project.
   *
   * Source  GitLab, "Predefined CI/CD variables", "Merge request pipelines: Use with forked projects".
   */
  foreignBy() {
    const source = process.env['CI_PIPELINE_SOURCE'] ?? '';
    if (!telling.includes(source)) return 'a pipeline that does not say whose code is checked out';
    const isMerge = source === 'merge_request_event' || into !== undefined || from !== undefined;
    if (own === undefined) return 'a pipeline that does not say whose it is';
    return isMerge && (from !== own || into !== own) ? 'a merge request of a fork' : null;
  },

  /** Words of others in the log: without control characters there is neither a section nor a colour that they could begin. */
  quoted: (text) => text.replaceAll(/[^\P{Cc}\n]/gu, '\u{FFFD}'),

  /** Gives later jobs a variable: ONEROOF_RESULT. */
  setOutput(name, value) {
    appendFileSync(outputs, `ONEROOF_${name.toUpperCase()}=${value.replaceAll(/[\r\n]/g, ' ')}\n`);
  },

  /** GitLab has no summary of a job: the note and the artifact say the same. */
  summarise: () => undefined,

  /** Takes away what an earlier run in the same checkout left. */
  clear: () => rmSync(outputs, { force: true }),

  /** The notes of the merge request; null: there is no token, or no merge request. */
  comments() {
    const number = process.env['CI_MERGE_REQUEST_IID'] ?? null;
    if (token === '' || number === null || into === undefined) return null;
    const all = `${api}/projects/${encodeURIComponent(into)}/merge_requests/${encodeURIComponent(number)}/notes`;
    return {
      all,
      one: (id) => `${all}/${id}`,
      replaceBy: 'PUT',
      headers,
      // only the token's own user may have written it
      isOurs: async (ask) => {
        const { id } = await ask('GET', `${api}/user`);
        return (note) => note.system !== true && note.author?.id === id;
      },
      right: 'ONEROOF_GITLAB_TOKEN, of a project access token with the scope api and the role Reporter or more',
    };
  },
};
