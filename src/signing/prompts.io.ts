import { randomBytes } from 'node:crypto';

/** A store of prompts for a passkey, from their begin to their end. Each can be used once, and only for its own purpose. */
export interface Prompts {
  /** Opens a prompt, and returns its name. */
  begin(purpose: string, body: object): Promise<string>;
  /** What the prompt was begun with; null: there is none of this name for this purpose, or it was taken, or it has ended. */
  take(purpose: string, id: string): Promise<object | null>;
}

/** Prompts of one page that one process serves: one for each purpose, a new one takes the place of the one before. */
export function promptsInMemory(): Prompts {
  const open = new Map<string, { readonly id: string; readonly body: object }>();
  return {
    begin: async (purpose, body) => {
      const id = randomBytes(16).toString('hex');
      open.set(purpose, { id, body });
      return id;
    },
    take: async (purpose, id) => {
      const found = open.get(purpose);
      if (found?.id !== id) return null;
      open.delete(purpose);
      return found.body;
    },
  };
}
