import { join } from 'node:path';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { expect, it } from 'vitest';
import { performIn, printedIn } from '../../src/cli/tool-run.io.ts';
import { verbs } from '../../src/cli/verbs.io.ts';
import { visibleJson } from '../../src/core/index.ts';
import { agentTools, type Tool } from '../../src/mcp/index.ts';
import { openTools } from '../../src/mcp/tool-server.io.ts';
import { commandWords } from '../../src/mcp/tool-words.ts';
import { pinSetup } from '../../src/setup/index.ts';
import { withDatabase } from '../database.io.ts';
import { withPlace } from '../runbooks/place.io.ts';

/** What a call gives where it needs more than the release. */
const inputs: Readonly<Record<string, Record<string, unknown>>> = {
  docs: { page: 'ERRORS', heading: 'NOT_REHEARSED' },
};
const inputOf = ({ name, fields }: Tool): Record<string, unknown> =>
  inputs[name] ?? ('release' in fields ? { release: 'release' } : {});

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;

/** Time of the processor, since a tool adds nothing that waits: what else a busy machine does is not in it. Milliseconds. */
const timed = async (into: number[], act: () => Promise<unknown>): Promise<void> => {
  const began = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(began);
  into.push((user + system) / 1000);
};

/** A call over the protocol in this process costs so much, whatever it calls. Milliseconds of the processor. */
const protocol = 2;

it('a tool that reads costs at most 1.3 times its command, beside the start of the program', { timeout: 900_000 }, () =>
  withDatabase('18', (database) =>
    // a small release: what a tool adds weighs most where its command has little to do
    withPlace('18', { database, begins: 'before the seal' }, async ({ home: folder }) => {
      await pinSetup(folder);
      const perform = performIn({ folder, commands: [], verbs });
      const service = {
        folder,
        targets: ['production'],
        run: false,
        version: '0',
        forms: join(import.meta.dirname, '..', '..', 'docs', 'json.schema.json'),
        perform,
        printed: printedIn({ folder, verbs }),
        ending: new AbortController().signal,
      };
      const [near, far] = InMemoryTransport.createLinkedPair();
      const client = new Client({ name: 'test', version: '1' });
      await openTools(service).connect().connect(far);
      await client.connect(near);
      const nothing = { signal: service.ending, tell: () => undefined, show: () => undefined };
      for (const [command, options] of [
        ['seal', {}],
        ['rehearse', { golden: true }],
      ] as const)
        expect(await perform(command, { arguments: ['release'], options }, nothing)).toMatchObject({ exit: 0 });
      const reading = agentTools.filter((tool) => tool.class === 'READ');
      expect(reading.length).toBeGreaterThan(10);
      const measured = async (tool: Tool): Promise<{ name: string; tool: number; command: number }> => {
        const input = inputOf(tool);
        const call = async (): Promise<void> => {
          const { isError, content } = await client.callTool({ name: tool.name, arguments: input });
          expect([tool.name, isError === true, isError === true ? content : null]).toEqual([tool.name, false, null]);
        };
        const command = async (): Promise<void> => {
          const { schema, exit, data } = await perform(tool.command, commandWords(tool, input), nothing);
          visibleJson({ schema, exit, ...data });
        };
        const took = { tool: [] as number[], command: [] as number[] };
        for (const act of [call, command, call, command]) await act();
        const until = performance.now() + 2000;
        // in turns, and each first as often as second: what is compiled or collected meanwhile is in both
        for (let n = 0; n < 8 || (n < 30 && performance.now() < until); n += 1)
          if (n % 2 === 0) {
            await timed(took.tool, call);
            await timed(took.command, command);
          } else {
            await timed(took.command, command);
            await timed(took.tool, call);
          }
        return { name: tool.name, tool: median(took.tool), command: median(took.command) };
      };
      const isDear = (one: { tool: number; command: number }): boolean => one.tool > 1.3 * one.command + protocol;
      const found = [];
      for (const tool of reading) {
        let one = await measured(tool);
        // what is only now compiled is not what it costs
        for (let again = 0; again < 2 && isDear(one); again += 1) one = await measured(tool);
        found.push(one);
      }
      const told = found.map(
        ({ name, tool, command }) => `${name}: ${tool.toFixed(1)} ms, its command ${command.toFixed(1)} ms`,
      );
      const dear = found.filter(isDear).map(({ name }) => name);
      expect(dear, told.join('\n')).toEqual([]);
      await client.close();
    }),
  ),
);
