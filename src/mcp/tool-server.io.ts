import { readFileSync } from 'node:fs';
import {
  fromJsonSchema,
  type JsonSchemaValidatorResult,
  McpServer,
  type ServerContext,
  type StandardSchemaWithJSON,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { OneRoofError, printable, type Problem, stated } from '../core/index.ts';
import { readSetup, requirePinned } from '../setup/index.ts';
import { requireInside } from './inside.io.ts';
import { openLanes } from './lanes.ts';
import { outputForm, type PublishedSchemas } from './output-form.ts';
import { errorAnswer, outcomeAnswer, type ToolAnswer, type ToolOutcome, visible } from './tool-answer.ts';
import { type Tool, type ToolWords } from './agent-tool.ts';
import { toolsOf } from './tool-table.ts';
import { namedTargets, reachedTargets, type ToolInput, commandWords } from './tool-words.ts';
import { instructions } from './agent-skill.ts';

/** Performs the command of a tool, as the command line does. `tell` gets what it says, `show` its present progress. */
export type PerformTool = (
  command: string,
  words: ToolWords,
  of: { readonly signal: AbortSignal; readonly tell: (line: string) => void; readonly show: (now: string) => void },
) => Promise<ToolOutcome>;

/** What a server serves. */
export interface ToolService {
  /** The folder of oneroof.yaml; every path of a call is inside of it. */
  readonly folder: string;
  /** The targets that calls may reach; null: all of oneroof.yaml. */
  readonly targets: readonly string[] | null;
  /** Whether a call may roll out what is open. */
  readonly run: boolean;
  readonly version: string;
  /** The file with the published forms, docs/json.schema.json. */
  readonly forms: string;
  readonly perform: PerformTool;
  /** The problems of a command as its JSON has them. */
  readonly printed: (command: string, words: ToolWords, problems: readonly Problem[]) => readonly object[];
  /** The end of the server. */
  readonly ending: AbortSignal;
}

/** The most that a command says of which the answer holds; what it said first is left out. Lines. */
const mostSaid = 200;

/** Makes the servers of the protocol for one service: one for each connection, or for each request over HTTP. All share its queues. */
export function openTools(service: ToolService): {
  readonly connect: () => McpServer;
  readonly ended: () => Promise<void>;
} {
  const offered = toolsOf(service);
  const forms = JSON.parse(readFileSync(service.forms, 'utf8')) as PublishedSchemas;
  const inTurn = openLanes();
  const running = new Set<Promise<unknown>>();
  const shapes = offered.map((tool) => ({
    tool,
    inputSchema: z.strictObject(
      Object.fromEntries(Object.entries(tool.fields).map(([name, { form }]) => [name, form])),
    ) as StandardSchemaWithJSON<ToolInput, ToolInput>,
    // what is answered is made by the command itself; that it has this form is tested, and not looked at for each answer
    outputSchema: fromJsonSchema(outputForm(forms, tool.schema), { getValidator: () => asItIs }),
  }));
  const call = async (tool: Tool, input: ToolInput, context: ServerContext): Promise<ToolAnswer> => {
    const client = context.http?.req?.signal;
    const signal = AbortSignal.any([context.mcpReq.signal, service.ending, ...(client === undefined ? [] : [client])]);
    try {
      return await inTurn(tool, signal, async () => {
        await mayCall(service, { tool, input });
        return await perform(service, { tool, input, signal, context });
      });
    } catch (error) {
      return errorAnswer(error, (problems) => service.printed(tool.command, commandWords(tool, input), problems));
    }
  };
  return {
    connect: () => {
      const server = new McpServer(
        { name: 'oneroof', version: service.version },
        { instructions: instructions(service) },
      );
      for (const { tool, inputSchema, outputSchema } of shapes)
        server.registerTool(
          tool.name,
          {
            title: `oneroof ${tool.command}`,
            description: tool.text,
            inputSchema,
            outputSchema,
            annotations: {
              readOnlyHint: tool.class === 'READ',
              destructiveHint: tool.class === 'RUN',
              openWorldHint: false,
            },
          },
          async (input, context) => {
            const answered = call(tool, input, context);
            running.add(answered);
            return await answered.finally(() => running.delete(answered));
          },
        );
      return server;
    },
    ended: async () => {
      await Promise.allSettled(running);
    },
  };
}

const asItIs = <T>(data: unknown): JsonSchemaValidatorResult<T> => ({
  valid: true,
  data: data as T,
  errorMessage: undefined,
});

/**
 * Checks a call against what the server serves: its folder, its targets, and oneroof.yaml as it was at the start, since an agent that could
 * change it could name another database, or a program to run.
 *
 * Errors  TOOL_CONFIG, TOOL_OUTSIDE, TOOL_TARGET.
 */
async function mayCall(
  service: ToolService,
  { tool, input }: { readonly tool: Tool; readonly input: ToolInput },
): Promise<void> {
  requirePinned();
  for (const [name, { kind }] of Object.entries(tool.fields)) {
    const value = input[name];
    if (typeof value !== 'string') continue;
    if (kind === 'folder') requireInside(service.folder, value, 'there');
    if (kind === 'newFolder') requireInside(service.folder, value, 'new');
  }
  const isBounded = service.targets !== null && tool.reach !== 'none';
  if (!isBounded && namedTargets(tool, input).length === 0) return;
  const setup = await readSetup(service.folder);
  const all = { names: Object.keys(setup.targets), preset: setup.defaultTarget };
  const may = all.names.filter((name) => service.targets?.includes(name) ?? true);
  const refused = reachedTargets(tool, input, all).find((name) => !may.includes(name));
  if (refused !== undefined)
    throw new OneRoofError('TOOL_TARGET', {
      ...stated`this server does not serve the target ${{ target: printable(refused) }}`,
      fix:
        may.length === 0
          ? 'it serves no target: a person starts it'
          : `name one that it serves: ${may.map(printable).join(', ')}`,
      place: { file: 'oneroof.yaml' },
    });
}

async function perform(
  { perform: command }: ToolService,
  of: { readonly tool: Tool; readonly input: ToolInput; readonly signal: AbortSignal; readonly context: ServerContext },
): Promise<ToolAnswer> {
  const said: string[] = [];
  const notify = progressOf(of.context);
  const outcome = await command(of.tool.command, commandWords(of.tool, of.input), {
    signal: of.signal,
    tell: (line) => {
      said.push(...line.split('\n'));
      notify(line);
    },
    show: notify,
  });
  return outcomeAnswer(outcome, said.slice(-mostSaid));
}

/** Tells a client that asked for it what is being done; a client that is gone hears nothing. */
function progressOf({ mcpReq }: ServerContext): (now: string) => void {
  const token = mcpReq._meta?.progressToken;
  if (token === undefined) return () => undefined;
  let progress = 0;
  let last = '';
  return (now) => {
    const message = visible(now).trim();
    if (message === '' || message === last || mcpReq.signal.aborted) return;
    last = message;
    progress += 1;
    mcpReq
      .notify({ method: 'notifications/progress', params: { progressToken: token, progress, message } })
      .catch(() => undefined);
  };
}
