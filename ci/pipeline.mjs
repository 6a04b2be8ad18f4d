import { github } from './github.mjs';
import { gitlab } from './gitlab.mjs';

/** Where this runs: GitLab says so; else GitHub. */
export const pipeline = process.env['GITLAB_CI'] === 'true' ? gitlab : github;
