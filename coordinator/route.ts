/** One thing that the API can be asked. The table of routes is what is served, checked and documented. */
import type { ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { PeerRecord } from '../mesh/state.ts';
import type { Access } from './authentication.ts';

/** Methods that the API knows. */
export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Largest request body unless a route says otherwise, in bytes. */
export const MAX_BODY_BYTES = 64 * 1024;

/** A request that has passed: its sender is known, and body and query are what the route asks for. */
export interface Call<Body, Query, A extends Access> {
  readonly body: Body;
  readonly query: Query;
  /** Value of the path's `{id}`, empty where there is none. */
  readonly id: string;
  /** The sender's address as the socket has it. */
  readonly source: string;
  readonly peer: A extends 'peer' ? PeerRecord : undefined;
  /** For an answer that goes on, which the route then writes itself. */
  readonly outgoing: ServerResponse;
}

/** What is answered. */
export interface Answer {
  readonly status: 200 | 201 | 204;
  readonly json?: unknown;
  readonly text?: { readonly type: string; readonly content: string };
  readonly headers?: Readonly<Record<string, string>>;
}

/** How the answer is documented. */
export interface AnswerDocument {
  readonly status: Answer['status'];
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Where it is not JSON. */
  readonly contentType?: string;
}

/** See the file's comment. `'written'` as an answer says that the route has written to `outgoing`. */
export interface Route<
  Body extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  A extends Access = Access,
> {
  readonly method: Method;
  /** With `{id}` where the path names something. */
  readonly path: string;
  readonly access: A;
  readonly summary: string;
  readonly body?: Body;
  readonly maxBodyBytes?: number;
  readonly query?: Query;
  readonly answer: AnswerDocument;
  readonly handle: (call: Call<z.infer<Body>, z.infer<Query>, A>) => Promise<Answer | 'written'> | Answer;
}

/** A route as the table holds it, its types checked where it was written. */
export type AnyRoute = Omit<Route, 'handle'> & {
  readonly handle: (call: Call<never, never, never>) => Promise<Answer | 'written'> | Answer;
};

/** Lets the compiler see to it that a route's handler takes what its schemas give. */
export function route<Body extends z.ZodType, Query extends z.ZodType, A extends Access>(
  made: Route<Body, Query, A>,
): AnyRoute {
  return made;
}
