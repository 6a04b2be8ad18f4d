import { readingTools } from './reading-tools.ts';
import { type Tool } from './agent-tool.ts';
import { askingTools, rehearsingTools, runningTools } from './working-tools.ts';

/** Every tool that there can be. A command that is not in it, and not in `neverTools`, fails a test: there is no other way to a tool. */
export const agentTools: readonly Tool[] = [...readingTools, ...rehearsingTools, ...askingTools, ...runningTools];

/** The tools of a server; those that run something only where it was started for that. */
export function toolsOf({ run }: { readonly run: boolean }): readonly Tool[] {
  return agentTools.filter((tool) => run || tool.class !== 'RUN');
}
