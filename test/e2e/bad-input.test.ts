/** What running daemons answer to bad input, and what keeps one from starting, as a user meets it. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, type RunResult } from '../../host/run.ts';
import { CHECKOUT, TestLab } from './test-lab.ts';

jest.setTimeout(120_000);

/** A mesh of the smallest size: peers have 10.9.8.1 - .99, clients .102 - .254. */
const MESH = `
mesh_cidr: 10.9.8.0/24
nodes:
  all-in-one: { coordinator: true, wireguard: true }
`;
const CLIENT_ADDRESSES = 153;

const SERVER = 'https://203.0.113.10:8443';

/** The point of order 1 on Curve25519. */
const LOW_ORDER_KEY = `${'A'.repeat(43)}=`;

/** Runs what follows as nobody, in a user namespace that maps no user (user_namespaces(7)): root's rights are gone. */
const NOBODY = ['unshare', '--user', '--'] as const;

describe('a mesh that is up', () => {
  let lab: TestLab;

  beforeAll(async () => {
    lab = await TestLab.declared(MESH);
  });
  afterAll(() => lab.down());

  /** Runs a line of shell on the operator's machine that is expected to fail, in a home of its own. */
  const refused = async (line: string): Promise<{ exitCode: number; stderr: string }> => {
    const shell = ['env', 'TUNNELMESH_HOME=/run/refused', 'sh', '-c', line];
    const { exitCode, stderr } = await lab.on('operator', shell, { okExitCodes: [1, 2, 3] });
    return { exitCode, stderr };
  };

  /** Sends bodies to the API by one curl. @returns the answers, each followed by its status */
  const post = async (bodies: readonly object[], token: string): Promise<string[]> => {
    const request = (body: object): string =>
      [
        `url = "https://this.tm:8443/api/v1/wireguard/clients"`,
        'resolve = "this.tm:8443:203.0.113.10"',
        `cacert = "${join(lab.state, 'nodes/all-in-one/var/coordinator/ca.pem')}"`,
        `header = "Authorization: Bearer ${token}"`,
        'header = "Content-Type: application/json"',
        `data = ${JSON.stringify(JSON.stringify(body))}`,
        'write-out = " %{http_code}\\n"',
        'silent',
      ].join('\n');
    const input = bodies.map(request).join('\nnext\n');
    return (await lab.on('operator', ['curl', '--config', '-'], { input })).stdout.trim().split('\n');
  };

  it('does not let a peer join with a wrong token', async () => {
    const line = '(umask 077; echo a-wrong-token >/run/wrong); tunnelmesh join --token-file /run/wrong --name stranger';
    expect(await refused(`${line} --server ${SERVER}`)).toEqual({
      exitCode: 1,
      stderr: `tunnelmesh: ${SERVER} does not know this token: either the token is wrong or this is another mesh's coordinator`,
    });
  });

  it('does not let a peer join under a name that is taken', async () => {
    const line = 'tunnelmesh join --token-file /run/lab/home/token --name all-in-one';
    expect(await refused(`${line} --server ${SERVER}`)).toEqual({
      exitCode: 1,
      stderr: `tunnelmesh: ${SERVER} refused the name: the name "all-in-one" belongs to a peer that is at work with another key; stop that one first`,
    });
  });

  it('answers 401 to a wrong token, 409 to a taken name, 422 to a key of low order', async () => {
    const token = await lab.token();
    const [unauthorized] = await post([{ name: 'phone' }], 'wrong');
    expect(unauthorized).toMatch(/"detail":"[^"]+".* 401$/);
    const answers = await post(
      [{ name: 'phone' }, { name: 'Phone' }, { name: 'all-in-one' }, { name: 'odd', public_key: LOW_ORDER_KEY }],
      token,
    );
    expect(answers).toEqual([
      expect.stringMatching(/ 201$/),
      expect.stringMatching(/the name \\"phone\\" is taken.* 409$/),
      expect.stringMatching(/the name \\"all-in-one\\" is taken.* 409$/),
      expect.stringMatching(/public_key.*not of low order.* 422$/),
    ]);
  });

  it('answers 507 when every client address is taken, and names the range', async () => {
    const free = CLIENT_ADDRESSES - (await lab.clients()).length;
    const bodies = Array.from({ length: free + 1 }, (_, index) => ({ name: `client-${String(index)}` }));
    const answers = await post(bodies, await lab.token());
    const full = answers.pop();
    expect(answers.filter((answer) => !answer.endsWith(' 201'))).toEqual([]);
    expect(full).toMatch(/10\.9\.8\.102 - 10\.9\.8\.254.* 507$/);
    const { exitCode, stderr } = await lab.on('operator', ['tunnelmesh', 'client', 'add', 'one-too-many'], {
      okExitCodes: [1],
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^tunnelmesh: .*10\.9\.8\.102 - 10\.9\.8\.254[^\n]*$/);
  });

  it('lets no other coordinator start where its port is taken; that one says in one line what to do', async () => {
    const file = lab.folder('server.yaml');
    await writeFile(file, 'listen: ":8080"\nauth_token: "any-will-do"\n');
    const env = ['env', 'TUNNELMESH_HOME=/run/second', 'TUNNELMESH_LAB=1'];
    const serve = [...env, 'tunnelmesh', 'serve', '--config', file] as const;
    const { exitCode, stderr } = await lab.on('all-in-one', serve, { okExitCodes: [1] });
    expect(exitCode).toBe(1);
    expect(stderr.split('\n').at(-1)).toBe(
      "tunnelmesh: cannot listen on port 8443: another program does; stop it (`ss -ltnp 'sport = :8443'` names it) or choose another port",
    );
  });
});

describe('a coordinator that cannot start', () => {
  let folder: string;

  beforeAll(async () => {
    await mkdir(join(CHECKOUT, 'out'), { recursive: true });
    folder = await mkdtemp(join(CHECKOUT, 'out/e2e-'));
    await writeFile(
      join(folder, 'server.yaml'),
      `listen: "127.0.0.1:8080"\nauth_token: ${'0123456789abcdef'.repeat(4)}\njoin_mesh: { name: hub }\n`,
    );
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Runs `serve` with another command before it and a home of its own. */
  const serve = async (before: readonly string[], env: Readonly<Record<string, string>>): Promise<RunResult> => {
    const command = [process.execPath, join(CHECKOUT, 'dist/tunnelmesh.mjs'), 'serve', '--config'] as const;
    const argv = ['env', ...before, ...command, join(folder, 'server.yaml')] as const;
    return run(argv, { env: { TUNNELMESH_HOME: join(folder, 'home'), ...env }, okExitCodes: [1] });
  };

  const saidInOneLine = (stderr: string): unknown => ({ exitCode: 1, stdout: '', stderr: `tunnelmesh: ${stderr}` });

  it('for want of a tool names the package', async () => {
    const tools = join(folder, 'tools');
    await mkdir(tools);
    for (const tool of ['wg', 'ip', 'conntrack', 'dnsmasq']) await writeFile(join(tools, tool), '', { mode: 0o755 });
    expect(await serve([`PATH=${tools}`], {})).toEqual(
      saidInOneLine(
        'the mesh needs programs that are not installed; install them with: apt-get install --no-install-recommends nftables',
      ),
    );
  });

  it('for want of rights says that it takes root', async () => {
    expect(await serve(NOBODY, {})).toEqual(
      saidInOneLine('making network devices takes root (CAP_NET_ADMIN); run it as root or with sudo'),
    );
  });

  it('for want of a directory that it may write says which', async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o555 });
    const env = { TUNNELMESH_HOME: join(closed, 'home'), TUNNELMESH_DEVICES: 'simulated' };
    expect(await serve(NOBODY, env)).toEqual(
      saidInOneLine(`no permission for the data directory ${closed}/home/coordinator; run as root or choose another`),
    );
  });

  it('has written nothing', async () => {
    expect((await readdir(folder)).sort()).toEqual(['closed', 'server.yaml', 'tools']);
  });
});
