type Schema = Readonly<Record<string, unknown>>;

/** The published forms: docs/json.schema.json. */
export interface PublishedSchemas {
  readonly $defs: Readonly<Record<string, Schema>>;
}

const errorForm = 'oneroof/error/1';

/** The JSON Schema of what a tool answers: the object of its command, or of an error; with the definitions that it refers to, and no others. */
export function outputForm({ $defs }: PublishedSchemas, name: string): Record<string, unknown> {
  const definitions: Record<string, Schema> = {};
  const wanted = [name, errorForm];
  for (let at = 0; at < wanted.length; at += 1) {
    const one = wanted[at] ?? '';
    const schema = $defs[one];
    if (schema === undefined) throw new Error(`${one} is not published`);
    definitions[one] = schema;
    for (const [, reference = ''] of JSON.stringify(schema).matchAll(/"#\/\$defs\/([^"]+)"/g))
      if (!wanted.includes(reference)) wanted.push(reference);
  }
  return {
    type: 'object',
    anyOf: [name, errorForm].map((one) => ({ $ref: `#/$defs/${one.replaceAll('/', '~1')}` })),
    $defs: definitions,
  };
}
