/** The API's own description, OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), made from the table of routes. */
import { z } from 'zod';
import { problemDocumentSchema } from '../mesh/api.ts';
import { PROBLEM_TYPE } from './problem-document.ts';
import type { AnyRoute } from './route.ts';

/** Version of the API, which its paths carry too. */
const API_VERSION = '1';

/** The document, as it is served. */
export function openApiDocument(routes: readonly AnyRoute[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  return {
    openapi: '3.1.0',
    info: { title: 'TunnelMesh coordinator', version: API_VERSION },
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: jsonSchema(problemDocumentSchema) },
    },
  };
}

function operation({ path, access, summary, body, query, answer }: AnyRoute): Record<string, unknown> {
  const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };
  const parameters = [...(path.includes('{id}') ? [id] : []), ...(query ? queryParameters(query) : [])];
  const content = answer.schema
    ? { content: { [answer.contentType ?? 'application/json']: { schema: jsonSchema(answer.schema) } } }
    : {};
  return {
    summary,
    ...(access === 'anyone' ? {} : { security: [{ bearer: [] }] }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(body) } } } } : {}),
    responses: {
      [String(answer.status)]: { description: answer.description, ...content },
      default: {
        description: 'An error.',
        content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function queryParameters(query: z.ZodType): unknown[] {
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
}

/** OpenAPI 3.1 takes JSON Schema 2020-12 as it is; only the dialect's name is left out, being the default. */
function jsonSchema(schema: z.ZodType): object {
  return { ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), $schema: undefined };
}
