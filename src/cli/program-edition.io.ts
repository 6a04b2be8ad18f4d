import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What this program is: its version, and a digest of its files, because a checkout has many of one version. */
export function programEdition(): string {
  const own = join(import.meta.dirname, '..');
  const files = readdirSync(own, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:js|ts)$/.test(name));
  const hash = createHash('sha256');
  for (const name of files.toSorted())
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(own, name)))
      .update('\0');
  // the parser is a module of its own, and decides what a statement is
  const parser = dirname(createRequire(import.meta.url).resolve('libpg-query'));
  for (const name of readdirSync(parser).toSorted()) hash.update(`${name}\0`).update(readFileSync(join(parser, name)));
  return `${version()} ${hash.digest('hex')}`;
}

/** The version of this program. */
export function version(): string {
  const { version: text } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as {
    version: string;
  };
  return text;
}

/** The folder that this program came in, with its documents. */
export function packageFolder(): string {
  return join(import.meta.dirname, '..', '..');
}
