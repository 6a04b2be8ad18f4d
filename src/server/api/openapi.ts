import { z } from 'zod';
import { api, type ApiDescription } from './api.ts';
import { problemForm } from './forms.ts';

/**
 * The OpenAPI document: from the same forms that the answers are held to.
 *
 * Source  OpenAPI 3.1.0.
 */
export function openApi(): object {
  const routes = Object.entries<ApiDescription>(api);
  const problem = { 'application/json': { schema: schemaOf(problemForm) } };
  return {
    openapi: '3.1.0',
    info: {
      title: 'One Roof',
      version: '1',
      description:
        'Looks at releases, their evidence and their gate. Nothing here opens a gate: people do, with a passkey.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths: Object.fromEntries(
      routes.map(([path, { summary, answer, parameters }]) => [
        path.replaceAll(/:([a-z]+)/g, '{$1}'),
        {
          get: {
            summary,
            operationId: path.split('/').slice(2).join('-').replaceAll(/[:.]/g, ''),
            parameters: Object.entries(parameters).map(([name, description]) => ({
              name,
              in: path.includes(`:${name}`) ? 'path' : 'query',
              required: path.includes(`:${name}`),
              description,
              schema: { type: 'string' },
            })),
            responses: {
              200: { description: 'done', content: { 'application/json': { schema: schemaOf(answer) } } },
              401: { description: 'not let in', content: problem },
              404: { description: 'not there', content: problem },
            },
          },
        },
      ]),
    ),
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'the token that `oneroof serve` shows' },
      },
    },
  };
}

function schemaOf(form: z.ZodType): object {
  const { $schema: _schema, ...schema } = z.toJSONSchema(form, { reused: 'inline', io: 'output' });
  return schema;
}
