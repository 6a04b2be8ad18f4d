import { agentSkill } from '../../mcp/index.ts';
import { type CommandRun } from '../verb.ts';

/** Prints the file for coding agents. */
export const run: CommandRun = async () => {
  const skill = agentSkill();
  return { exit: 0, schema: 'oneroof/skill/1', data: { skill }, text: skill };
};
