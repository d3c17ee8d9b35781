/** What everybody may know of the mesh, and of the API itself. */
import { z } from 'zod';
import { meshViewSchema } from '../mesh/api.ts';
import { openApiDocument } from './openapi.ts';
import { type AnyRoute, route } from './route.ts';
import { meshView, type ViewSource } from './views.ts';

/** Media type of certificates in PEM, RFC 8555 §9.1. */
const PEM_TYPE = 'application/pem-certificate-chain';

/**
 * The routes.
 * @param ca - the mesh CA, PEM; it is no secret, and nobody should trust it because it came this way
 * @param others - the rest of the table, for the API's description
 */
export function meshRoutes(source: ViewSource, ca: string, others: readonly AnyRoute[]): AnyRoute[] {
  const routes: AnyRoute[] = [
    route({
      method: 'GET',
      path: '/api/v1/mesh',
      access: 'reader',
      summary: 'Show the mesh and its gateways',
      answer: { status: 200, description: 'The mesh.', schema: meshViewSchema },
      handle: () => ({ status: 200, json: meshView(source) }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/ca',
      access: 'anyone',
      summary: 'Show the mesh CA',
      answer: { status: 200, description: 'The certificate, PEM.', schema: z.string(), contentType: PEM_TYPE },
      handle: () => ({ status: 200, text: { type: PEM_TYPE, content: ca } }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/health',
      access: 'anyone',
      summary: 'Say whether the coordinator answers',
      answer: { status: 200, description: 'It does.', schema: z.strictObject({ status: z.literal('ok') }) },
      handle: () => ({ status: 200, json: { status: 'ok' } }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/openapi.json',
      access: 'anyone',
      summary: 'Describe this API',
      answer: { status: 200, description: 'An OpenAPI 3.1 document.', schema: z.looseObject({}) },
      handle: () => ({ status: 200, json: document }),
    }),
  ];
  const document = openApiDocument([...others, ...routes]);
  return routes;
}
