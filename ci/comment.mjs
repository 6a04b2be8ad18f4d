// Puts a Markdown file into the pull request or merge request, as putComment does. Usage: node comment.mjs FILE
import { readFileSync } from 'node:fs';
import { putComment } from './put-comment.mjs';

await putComment(readFileSync(process.argv[2], 'utf8'));
