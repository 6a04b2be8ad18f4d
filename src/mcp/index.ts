export { agentSkill } from './agent-skill.ts';
export { type LoopbackPlace, serveOnHttp, toolAddress } from './http.io.ts';
export { neverTools } from './never-tools.ts';
export { serveOnStdio } from './stdio.io.ts';
export { type ToolAnswer, type ToolOutcome } from './tool-answer.ts';
export { type PerformTool, type ToolService } from './tool-server.io.ts';
export { type Tool, type ToolWords } from './agent-tool.ts';
export { agentTools, toolsOf } from './tool-table.ts';
