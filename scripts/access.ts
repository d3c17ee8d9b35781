/** Which context a command works in, and with what it may call that mesh's API. */
import { readMembership } from '../peer/identity.ts';
import { coordinatorUrl } from '../mesh/peer-config.ts';
import { type Access, ApiClient } from './api-client.ts';
import { type Context, ContextStore, type NamedContext } from './context-store.ts';
import { EXIT, Failure } from './failure.ts';
import { tunnelmeshHome } from './home.ts';
import type { Surroundings } from './surroundings.ts';
import { givenToken } from './token.ts';

/** The context named by `--context`, else by TUNNELMESH_CONTEXT, else the current one; `undefined` when none is. */
export async function chosenContext(
  option: string | undefined,
  surroundings: Surroundings,
): Promise<NamedContext | undefined> {
  const store = new ContextStore(tunnelmeshHome(surroundings));
  const fromEnvironment = surroundings.env['TUNNELMESH_CONTEXT'];
  const name = option ?? (fromEnvironment === '' ? undefined : fromEnvironment);
  if (name !== undefined) return store.get(name);
  const current = await store.current();
  const context = current === undefined ? undefined : await store.find(current);
  return current !== undefined && context ? { name: current, context } : undefined;
}

const CREATE_ONE = '`tunnelmesh context create NAME --server URL --ca FILE --token-file FILE` makes one';

async function caOf({ name, context }: NamedContext): Promise<string> {
  if (context.ca !== null) return context.ca;
  const membership = context.peer ? await readMembership(context.peer.data_dir) : undefined;
  if (membership) return membership.ca;
  throw new Failure(EXIT.wrongInput, `context ${name} has no CA: its peer has not joined yet; ${CREATE_ONE}`);
}

/** What an operator's command needs in order to call the API. */
export async function operatorAccess(named: NamedContext | undefined, surroundings: Surroundings): Promise<Access> {
  if (!named) throw new Failure(EXIT.wrongInput, `no context is chosen; ${CREATE_ONE}`);
  const token = named.context.token ?? (await givenToken({}, surroundings));
  if (token === undefined)
    throw new Failure(
      EXIT.wrongInput,
      `context ${named.name} holds no token, and TUNNELMESH_TOKEN is not set: it is a peer's context, and only an operator may do this. ${CREATE_ONE}`,
    );
  return { server: coordinatorUrl(named.context.server), ca: await caOf(named), token };
}

/** Whether the context is an operator's. */
export function mayOperate(context: Context, { env }: Surroundings): boolean {
  return context.token !== null || Boolean(env['TUNNELMESH_TOKEN']);
}

/** Does the work with the API of the chosen context, and closes its connections afterwards. */
export async function withApi<T>(
  option: string | undefined,
  surroundings: Surroundings,
  work: (api: ApiClient, access: Access) => Promise<T>,
): Promise<T> {
  const access = await operatorAccess(await chosenContext(option, surroundings), surroundings);
  const api = new ApiClient(access, surroundings.stop);
  try {
    return await work(api, access);
  } finally {
    api.close();
  }
}
