import { type Reach, type Tool, type ToolWords } from './agent-tool.ts';

/** A call after its input had the form of the tool. */
export type ToolInput = Readonly<Record<string, unknown>>;

/** The arguments and options of the command that a call means; what the call does not give, the command does not get. */
export function commandWords({ fields, fixed = {} }: Tool, input: ToolInput): ToolWords {
  const places: string[] = [];
  const options: Record<string, string | boolean> = { ...fixed };
  for (const [name, { argument }] of Object.entries(fields)) {
    const value = input[name];
    if (value === undefined || value === false) continue;
    if (argument !== null) places[argument] = String(value);
    else options[name] = value === true ? true : String(value);
  }
  return { arguments: Array.from(places, (word) => word ?? '.'), options };
}

/** The names of targets that a call gives. */
export function namedTargets({ fields }: Tool, input: ToolInput): readonly string[] {
  return Object.entries(fields).flatMap(([name, { kind }]) =>
    kind === 'target' && typeof input[name] === 'string' ? [input[name]] : [],
  );
}

/** Every target that a call reaches. */
export function reachedTargets(
  tool: Tool,
  input: ToolInput,
  all: { readonly names: readonly string[]; readonly preset: string },
): readonly string[] {
  const named = namedTargets(tool, input);
  const without: Readonly<Record<Reach, readonly string[]>> = {
    one: [all.preset],
    each: all.names,
    default: [all.preset],
    all: input['offline'] === true ? [] : all.names,
    none: [],
  };
  return named.length > 0 ? named : without[tool.reach];
}
