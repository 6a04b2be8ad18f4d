import { type z } from 'zod';

/** What a tool may do. READ tells; REHEARSE prepares and proves; ASK asks people; RUN rolls out what the database itself finds open. */
export type ToolClass = 'READ' | 'REHEARSE' | 'ASK' | 'RUN';

/**
 * What a value of a call is. `folder` is there and inside the folder of the server; `newFolder` is inside of it and need not be there;
 * `target` is a target of oneroof.yaml that the server serves; `plain` is bounded by its form alone.
 */
export type FieldKind = 'folder' | 'newFolder' | 'target' | 'plain';

/** One value of a call: its form, and where the command has it. */
export interface Field {
  readonly kind: FieldKind;
  readonly form: z.ZodType;
  /** The place among the arguments of the command; null: the option of the same name. */
  readonly argument: number | null;
}

/**
 * Which targets a call reaches. `one`: the target of the call, else the default one; `each`: the target of the call, else all; `default`: the
 * default one; `all`: every one; `none`.
 */
export type Reach = 'one' | 'each' | 'default' | 'all' | 'none';

/** A tool: a command, and those of its arguments and options that a call may give. */
export interface Tool {
  readonly name: string;
  readonly class: ToolClass;
  /** The command, as it is typed after `oneroof`. */
  readonly command: string;
  /** What it does, for a model that has to choose. */
  readonly text: string;
  readonly fields: Readonly<Record<string, Field>>;
  readonly reach: Reach;
  /** The form of its result, in docs/JSON.md. */
  readonly schema: string;
  /** Options that every call has. */
  readonly fixed?: Readonly<Record<string, string | true>>;
}

/** A command as a call means it, before its targets and folders were compared with what the server serves. */
export interface ToolWords {
  readonly arguments: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}
