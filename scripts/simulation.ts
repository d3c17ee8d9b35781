/** A coordinator whose own peer only pretends to have devices: what can be looked at where no namespaces can be made. */
import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SECRET_FILE_MODE, writeFileAtomic } from '../host/files.ts';
import { hex } from '../mesh/hex.ts';
import { parseServerConfig } from '../mesh/server-config.ts';
import { doorsOf, serve } from './serve.ts';
import type { Surroundings } from './surroundings.ts';

/** Length of an operator's token: 64 hexadecimal digits. */
const TOKEN_BYTES = 32;

/** Where to look, in plain HTTP on loopback. */
const LISTEN = '127.0.0.1:8080';

/**
 * Runs it until Ctrl-C, with its data below the directory, and removes them then.
 * @throws what keeps it from starting
 */
export async function lookAtSimulation(directory: string, surroundings: Surroundings): Promise<void> {
  const home = join(directory, 'simulation');
  const token = hex.encode(surroundings.random(TOKEN_BYTES));
  const tokenFile = join(home, 'token');
  const config = parseServerConfig(
    {
      listen: LISTEN,
      auth_token: token,
      data_dir: join(home, 'data'),
      join_mesh: { name: 'coordinator', wireguard: { enabled: true } },
    },
    'simulation',
    { lab: true },
  );
  try {
    await writeFileAtomic(tokenFile, `${token}\n`, SECRET_FILE_MODE);
    surroundings.stdout.write(
      `Look: curl -H "Authorization: Bearer $(cat ${tokenFile})" http://${LISTEN}/api/v1/peers\n`,
    );
    const env = { ...surroundings.env, TUNNELMESH_HOME: home, TUNNELMESH_DEVICES: 'simulated' };
    await serve(config, doorsOf(config, 'simulation'), undefined, { ...surroundings, env });
  } finally {
    await rm(home, { recursive: true, force: true });
    // Unless a lab of earlier left its logs there.
    await rmdir(directory).catch(() => undefined);
  }
}
