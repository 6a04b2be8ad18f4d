import { randomBytes } from 'node:crypto';

/** Where prompts for a passkey are kept between their begin and their finish. Each is taken once, and only for what it was begun for. */
export interface Prompts {
  /** Opens a prompt, and says by what name it is taken. */
  begin(purpose: string, body: object): Promise<string>;
  /** What the prompt was begun with; null: there is none of this name for this purpose, or it was taken, or it is over. */
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
