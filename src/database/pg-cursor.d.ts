/** The part of pg-cursor that is used here; it comes without types. */
declare module 'pg-cursor' {
  import type { Connection, Submittable } from 'pg';

  export default class Cursor implements Submittable {
    constructor(text: string, values: readonly string[], config: { readonly rowMode: 'array' });
    submit(connection: Connection): void;
    read(rows: number): Promise<(string | null)[][]>;
    close(): Promise<void>;
  }
}
