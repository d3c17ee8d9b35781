/** Registering a client so that no crash, refusal or lost answer loses the key of a registered one or leaves a stray key. */
import type { ClientView, CreateClient } from '../mesh/api.ts';
import type { Label } from '../mesh/name.ts';
import { type ApiClient, ApiRefusal, type Changed, Unreachable } from './api-client.ts';
import { EXIT, Failure } from './failure.ts';
import type { KeyStore, NewKey } from './key-store.ts';

/** What a registration needs of the API. */
export type RegistrationApi = Pick<ApiClient, 'clientNamed' | 'createClient'>;

/** A client that is registered and whose key is in the store. */
export interface Registered extends Changed<ClientView> {
  /** An earlier run had registered it and was cut off before it knew. */
  readonly resumed: boolean;
}

/** The request, its name folded and its key still to be made. */
export type Wanted = Omit<CreateClient, 'public_key'>;

/**
 * Claims what earlier runs left: a key whose client exists is given its id; a key that belongs to no client and that nobody
 * can be waiting for is removed.
 * @returns the clients whose keys were claimed
 */
export async function claimLeftKeys(api: RegistrationApi, keys: KeyStore): Promise<readonly ClientView[]> {
  const claimed: ClientView[] = [];
  for (const left of await keys.unclaimed()) {
    const client = await ownerOf(left, api);
    if (client) {
      await keys.adopt(left, client.id);
      claimed.push(client);
    } else if (await keys.isAbandoned(left)) {
      await keys.discard(left);
    }
  }
  return claimed;
}

async function ownerOf(left: NewKey, api: RegistrationApi): Promise<ClientView | undefined> {
  const client = await api.clientNamed(left.name);
  return client?.public_key === left.key.publicKey() ? client : undefined;
}

/** Whether the coordinator has surely not carried the request out. */
function surelyNotDone(error: unknown): boolean {
  if (error instanceof Unreachable) return !error.maybeDone;
  // 507 is "no address left"; another 5xx may come from a coordinator that died on the way to its answer.
  return error instanceof ApiRefusal && (error.status < 500 || error.status === 507);
}

/**
 * Makes a key, registers its public half under the name, and keeps the key under the client's id.
 * @param label - what the name folds to
 * @throws Failure - after a refusal nothing is left behind; when the answer is lost, the key stays until the next run
 */
export async function registerClient(
  wanted: Wanted,
  label: Label,
  wait: boolean,
  api: RegistrationApi,
  keys: KeyStore,
): Promise<Registered> {
  const resumed = (await claimLeftKeys(api, keys)).find((client) => client.name === label);
  if (resumed) return { value: resumed, unconfirmed: [], resumed: true };
  const made = await keys.make(label);
  let created: Changed<ClientView>;
  try {
    created = await api.createClient({ ...wanted, public_key: made.key.publicKey() }, wait);
  } catch (error) {
    if (surelyNotDone(error)) await keys.discard(made);
    else if (error instanceof Failure)
      throw new Failure(
        error.exitCode,
        `${error.message}. Whether ${label} was registered is not known: run the same command again, which settles it`,
        error.problems,
      );
    throw error;
  }
  if (created.value.public_key !== made.key.publicKey())
    throw new Failure(EXIT.failed, `the coordinator registered ${label} with another key than the one it was given`);
  await keys.adopt(made, created.value.id);
  return { ...created, resumed: false };
}
