import { type Verb } from './verb.ts';
import { release, targetOption } from './words.ts';

/** The command with which an agent or a person gives advice on a sealed release. */
export const reviewVerb: Verb = {
  name: 'review',
  summary:
    'record a review of a sealed release, signed with a software key that may review; it fills no seat and changes no seal',
  arguments: release,
  options: [
    targetOption,
    ['--finding <finding>', 'agrees, objects or comments'],
    ['--text-file <file>', 'the review: a regular file of at most 8,000 characters'],
    ['--text <text>', 'the review itself, in place of a file'],
    ['--key <file>', 'the private key that signs; default: the key of this machine'],
  ],
  examples: [
    'oneroof review my-release --finding agrees --text-file review.txt',
    'oneroof review my-release --finding objects --text-file review.txt --key reviewer.key',
  ],
  load: () => import('./commands/review.io.ts'),
};
