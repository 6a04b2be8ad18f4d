// Writes the pages that are generated: docs/ERRORS.md from the table of codes, docs/cli.md from the command line's own help,
// docs/openapi.json from the forms of the JSON API.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLinePage } from './cli-page.ts';
import { openApi } from '../src/server/index.ts';
import { errorsPage } from './errors-page.ts';

const docs = join(import.meta.dirname, '..', 'docs');
writeFileSync(join(docs, 'ERRORS.md'), errorsPage());
writeFileSync(join(docs, 'cli.md'), commandLinePage());
writeFileSync(join(docs, 'openapi.json'), `${JSON.stringify(openApi(), null, 2)}\n`);
