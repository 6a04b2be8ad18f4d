import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OneRoofError, printable, visibleJson, stated } from '../core/index.ts';
import { type Report } from './report.ts';

/** A report in its three forms, and where they go. */
export interface ReportFiles {
  readonly report: Report;
  readonly markdown: string;
  readonly html: string;
  readonly folder: string;
}

/**
 * Writes report.md, report.html and report.json, each whole or not at all, and returns their paths.
 *
 * Errors  REPORT_UNWRITABLE.
 */
export async function writeReport({ report, markdown, html, folder }: ReportFiles): Promise<readonly string[]> {
  const contents = {
    'report.md': markdown,
    'report.html': html,
    'report.json': `${visibleJson(report)}\n`,
  };
  const written: string[] = [];
  for (const [name, content] of Object.entries(contents)) {
    const path = join(folder, name);
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(temporary, content, { flag: 'wx' });
      await rename(temporary, path);
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => null);
      throw new OneRoofError('REPORT_UNWRITABLE', {
        ...stated`${{ file: printable(path) }} cannot be written`,
        fix: 'make the folder writable, or set another folder as `reports:` in oneroof.yaml',
        cause,
      });
    }
    written.push(path);
  }
  return written;
}
