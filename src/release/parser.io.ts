import { createParser, type Parser } from './parser.ts';

let parser: Promise<Parser> | null = null;

/** Loads PostgreSQL's own parser, once; some fifty milliseconds, so only commands that read SQL do. */
export function loadParser(): Promise<Parser> {
  parser ??= import('libpg-query').then(async (module) => {
    await module.loadModule();
    return createParser(module);
  });
  return parser;
}
