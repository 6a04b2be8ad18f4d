import fc from 'fast-check';
import { type Version } from '../../binaries.io.ts';
import { type Intent } from './intent.ts';
import { commands, type Count, type Played, told } from './commands.ts';
import { type Real, type Template, withReal, withTemplate } from './database.io.ts';
import { apply, summary } from './model.ts';
import { type Action, firstWorld, type World } from './state.ts';
import { policies, type Policy } from './world.ts';

/** The gate's clock at the beginning of each sequence. */
const start = Date.UTC(2026, 5, 3, 8);

/** How a series of sequences is drawn. */
export interface Plan {
  readonly version: Version;
  readonly seed: number;
  /** What comes first. */
  readonly stories: readonly (readonly Intent[])[];
  /** Commands after them, at least. */
  readonly commands: number;
  /** Bends the gate's SQL: the negative controls. */
  readonly change?: (text: string) => string;
}

/**
 * Runs sequences of commands until there were enough, and compares each outcome with the model's.
 *
 * Errors  an Error that names the first difference and everything that led to it, with the seed.
 */
export async function runCommands(plan: Plan): Promise<Count> {
  const { version, seed, stories, change = (text) => text } = plan;
  const enough = plan.commands + stories.flat().length;
  const count: Count = { commands: 0, outcomes: new Map() };
  await withTemplate({ version, now: start, change }, async (template) => {
    const sequence = fc.asyncProperty(commands, async (drawn) => {
      if (count.commands >= enough) return;
      await play(template, drawn, count);
    });
    await fc.assert(sequence, {
      seed,
      numRuns: stories.length + Math.ceil(plan.commands / 10) + 20,
      endOnFailure: true,
      examples: told(stories),
    });
  });
  return count;
}

async function play(template: Template, drawn: Iterable<fc.AsyncCommand<Played, Real>>, count: Count): Promise<void> {
  await withReal(template, async (real) => {
    const played: Played = {
      world: firstWorld({ now: start, policy: policies['strict'] as Policy }),
      trace: [],
      count,
    };
    await fc.asyncModelRun(() => ({ model: played, real }), drawn);
    const [told, found] = [summary(played.world), await real.summary()];
    if (told !== found)
      throw new Error(
        `at the end the rules leave ${told}\nand the database holds ${found}\n${played.trace.join('\n')}`,
      );
  });
}

/** Does these actions by the rules as they are written, and answers the first outcome that differs, or null. */
export async function firstDifference(
  version: Version,
  actions: readonly Action[],
): Promise<{ readonly action: Action; readonly rules: string; readonly database: string } | null> {
  return await withTemplate({ version, now: start }, (template) =>
    withReal(template, async (real) => {
      let world: World = firstWorld({ now: start, policy: policies['strict'] as Policy });
      for (const action of actions) {
        const next = apply(world, action);
        const database = await real.perform(action, world);
        if (database !== next.outcome) return { action, rules: next.outcome, database };
        world = next.world;
      }
      return null;
    }),
  );
}
