#!/usr/bin/env node
import { mkdirSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { userInfo } from 'node:os';
import { join } from 'node:path';

// only stack traces need the source maps, which take time to read: they are loaded for a defect
if ((process.env['ONEROOF_DEBUG'] ?? '') !== '') process.setSourceMapsEnabled(true);
keepCompiled();
void import('./start.io.ts');

/**
 * Lets V8 keep what it has compiled, where Node can (22.8 and newer). Compiled code is run as it is found, so it lies in the home
 * that the system knows for this user, which no other user can write to: neither a shared temporary folder nor HOME will do.
 */
function keepCompiled(): void {
  const { enableCompileCache } = nodeModule as { enableCompileCache?: (folder: string) => unknown };
  if (enableCompileCache === undefined) return;
  try {
    const folder = join(userInfo().homedir, '.cache', 'oneroof');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    enableCompileCache(folder);
  } catch {
    // a user without a home, or whose home cannot be written to, compiles each time
  }
}
