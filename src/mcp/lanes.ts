import pLimit from 'p-limit';
import { OneRoofError, stated } from '../core/index.ts';
import { type Tool } from './agent-tool.ts';

/** How many calls run at once, and how many may wait. */
const bounds = {
  read: { running: 4, waiting: 28 },
  // what seals, rehearses, asks or rolls out changes the folder: one at a time
  write: { running: 1, waiting: 7 },
} as const;

/** Runs a call in its turn. */
export type InTurn = <T>(tool: Tool, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/**
 * Opens the two queues of a server: many calls that read, one that writes. It stops a client from using up memory and connections.
 *
 * Errors  TOOL_BUSY at once, where too many wait already; the reason of the signal, where a call was cancelled while it waited.
 */
export function openLanes(): InTurn {
  const [read, write] = [pLimit(bounds.read.running), pLimit(bounds.write.running)];
  return async (tool, signal, work) => {
    const lane = tool.class === 'READ' ? read : write;
    const { running, waiting } = tool.class === 'READ' ? bounds.read : bounds.write;
    if (lane.activeCount + lane.pendingCount >= running + waiting)
      throw new OneRoofError('TOOL_BUSY', {
        ...stated`${{ running }} calls of this kind run and ${{ waiting }} wait already`,
        fix: 'wait for an answer, then call again',
        place: { file: tool.name },
      });
    return await lane(() => {
      signal.throwIfAborted();
      return work();
    });
  };
}
