import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Server } from '../database/index.ts';
import { type Clone } from './clone.ts';

/**
 * Who has made clones on a server since it was started, a process a line. A rehearsal takes what the server counts for its own only while no
 * other process has: nothing is ever taken out of the file, so one that came and went is seen too.
 */
export function workersOf(server: Server): { join(): void; readonly server: Clone['server'] } {
  const file = join(server.connection('template1').host, 'workers');
  const own = `${process.pid}\n`;
  return {
    join: () => appendFileSync(file, own),
    get server() {
      return readFileSync(file, 'utf8').replaceAll(own, '') === '' ? 'private' : 'shared';
    },
  };
}
