// Writes the pages that are generated: docs/ERRORS.md from the table of codes, docs/cli.md from the command line's own help,
// docs/reference and docs/release.schema.json from the forms of oneroof.yaml and release.yaml,
// docs/clone-program.schema.json from those of the clone provider `exec`, docs/JSON.md and docs/json.schema.json from the forms of --json.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLinePage } from './cli-page.ts';
import { programSchema } from '../src/clone/exec/program-form.ts';
import { jsonPage, jsonSchemaPage } from './json-page.ts';
import { errorsPage } from './errors-page.ts';
import { releasePage, releaseSchemaPage, setupPage } from './reference-page.ts';

const docs = join(import.meta.dirname, '..', 'docs');
writeFileSync(join(docs, 'ERRORS.md'), errorsPage());
writeFileSync(join(docs, 'cli.md'), commandLinePage());
writeFileSync(join(docs, 'JSON.md'), jsonPage());
writeFileSync(join(docs, 'json.schema.json'), jsonSchemaPage());
writeFileSync(join(docs, 'reference', 'oneroof-yaml.md'), setupPage());
writeFileSync(join(docs, 'reference', 'release-yaml.md'), releasePage());
writeFileSync(join(docs, 'release.schema.json'), releaseSchemaPage());
writeFileSync(join(docs, 'clone-program.schema.json'), `${JSON.stringify(programSchema(), null, 2)}\n`);
