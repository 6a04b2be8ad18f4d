import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, integrityOf, securityHeaders, writeDocument } from './page-document.ts';

/** Where the build puts the scripts of pages: beside the command line, which is what is installed. */
const folder = join(import.meta.dirname, '..', '..', 'dist', 'scripts');
let read: ReadonlyMap<string, string> | null = null;

/** The text of a script by the name of its file; null where there is none. */
export function scriptText(file: string): string | null {
  // once: a page and its script are of one build, even while another one is being installed
  read ??= new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  return read.get(file) ?? null;
}

/** Answers with a page: one of the site, or a single one, whose script is beside it. */
export function pageResponse(document: Document, kind: 'site' | 'single', status = 200): Response {
  const file = `${document.script}.js`;
  const text = document.script === undefined ? null : scriptText(file);
  const script =
    text === null ? null : { href: kind === 'site' ? `/scripts/${file}` : file, integrity: integrityOf(text) };
  const headers = { ...securityHeaders(script), 'content-type': 'text/html; charset=utf-8' };
  return new Response(writeDocument(document, kind, script), { status, headers });
}

/** The type under which a script is sent. */
export const scriptType = 'text/javascript; charset=utf-8';
