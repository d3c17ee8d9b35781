/** The mission's deployment scenarios 1 and 2, and joining by hand; scenario 3 is `mesh.test.ts`. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { ByHand } from './by-hand.ts';
import { type AddedClient, TestLab, tunnelmesh } from './test-lab.ts';

jest.setTimeout(120_000);

const COORDINATOR = '172.30.0.1';

/** The lab's operator, a machine that the mesh file does not name, as its network sees it. */
const OPERATOR = '203.0.113.2';

/** The mission's server.yaml, word for word. */
const SERVER_YAML = `# server.yaml
listen: ":8080"
auth_token: "your-token"

join_mesh:
  name: "all-in-one"
  wireguard:
    enabled: true
    listen_port: 51820
`;

const statusSchema = z.object({
  address: z.string(),
  wireguard: z.object({ public_key: z.string(), endpoint: z.string() }),
});

/** What `tunnelmesh status` on the operator's machine says of the peer there that nothing may change. */
async function identity(lab: TestLab): Promise<unknown> {
  const meshKey = (await lab.on('operator', ['wg', 'show', 'tm0', 'public-key'])).stdout;
  return { meshKey, ...statusSchema.parse(await lab.operator('status')) };
}

describe('scenario 1: one machine is coordinator, peer and gateway', () => {
  let lab: TestLab;

  beforeAll(async () => {
    lab = await TestLab.declared('nodes:\n  all-in-one: { coordinator: true, wireguard: true }\n');
  });
  afterAll(() => lab.down());

  it('a client reaches it and resolves its names', async () => {
    const phone = await lab.addClient('phone');
    await lab.connect('phone', lab.configOf(phone, 'all-in-one'));
    await lab.reaches('phone', COORDINATOR);
    for (const name of ['all-in-one.tunnelmesh', 'this.tm'])
      expect([name, await lab.dig('phone', COORDINATOR, name)]).toEqual([name, COORDINATOR]);
    await lab.reaches('phone', 'all-in-one.tunnelmesh');
  });

  it('its status says that WireGuard is enabled', async () => {
    const { stdout } = await lab.on('all-in-one', ['tunnelmesh', 'status']);
    expect(stdout).toMatch(/^WireGuard: enabled$/m);
    expect(stdout).toContain('1 known, 1 attached here');
  });

  it("the mission's server.yaml works as it stands where its token will do: TLS at 8080 and 8443, and a client", async () => {
    const file = lab.folder('server.yaml');
    await writeFile(file, SERVER_YAML);
    const home = 'TUNNELMESH_HOME=/run/hand';
    const sh = async (line: string): Promise<string> => (await lab.on('operator', ['sh', '-c', line])).stdout;
    const server = await ByHand.start(
      lab,
      'operator',
      'serve',
      `env ${home} TUNNELMESH_LAB=1 tunnelmesh serve --config ${file}`,
    );
    await server.says('connected to the coordinator');
    expect(await sh(`${home} tunnelmesh status`)).toMatch(/^WireGuard: enabled$/m);
    await sh('echo your-token >/run/hand.token');
    for (const port of ['8080', '8443']) {
      await sh(`${home} tunnelmesh context create at-${port} --server https://${OPERATOR}:${port} \
        --ca /run/hand/coordinator/ca.pem --token-file /run/hand.token`);
      expect(await sh(`${home} tunnelmesh --context at-${port} client list --json`)).toBe('{\n  "clients": []\n}');
    }
    const folder = lab.folder('by-hand');
    await sh(`${home} tunnelmesh --context at-8080 client add tablet --out ${folder} --wait`);
    expect(await readFile(`${folder}/all-in-one.conf`, 'utf8')).toContain(`Endpoint = ${OPERATOR}:51820`);
    await lab.connect('tablet', `${folder}/all-in-one.conf`);
    await lab.reaches('tablet', 'tablet.tunnelmesh');
    await lab.reaches('tablet', COORDINATOR);
    await server.end();
    expect(await sh('ls /sys/class/net')).toBe('eth0\nlo');
  });

  it('outside the lab its token is refused, and nothing is started or written', async () => {
    const file = lab.folder('server.yaml');
    await writeFile(file, SERVER_YAML);
    const home = lab.folder('outside');
    const refused = await tunnelmesh(['serve', '--config', file], {
      env: { TUNNELMESH_HOME: home, TUNNELMESH_LAB: '' },
      okExitCodes: [2],
    });
    expect(refused).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `tunnelmesh: ${file}: 1 problem
  auth_token: "(not shown)"; allowed: at least 32 characters, 8 of them different, wherever others can connect; make one with: openssl rand -hex 32`,
    });
    await expect(readFile(home)).rejects.toThrow('ENOENT');
  });
});

describe('scenario 2: a coordinator without WireGuard, and gateways apart from it', () => {
  let lab: TestLab;
  let phone: AddedClient;

  const JOIN = 'tunnelmesh join --server https://203.0.113.10:8443';

  const onOperator = async (...argv: string[]): Promise<string> =>
    (await lab.on('operator', ['tunnelmesh', ...argv])).stdout;

  beforeAll(async () => {
    lab = await TestLab.declared(`
nodes:
  coordinator: { coordinator: true }
  wg: { wireguard: true, endpoint: "wg.example.com:51820" }
`);
    phone = await lab.addClient('phone');
  });
  afterAll(() => lab.down());

  it('a client reaches the mesh through the gateway that the mesh file declares, by its public name', async () => {
    const config = lab.configOf(phone, 'wg');
    expect(await readFile(config, 'utf8')).toContain('Endpoint = wg.example.com:51820\n');
    expect(phone.files).toHaveLength(1);
    await lab.connect('phone', config);
    await lab.reaches('phone', COORDINATOR);
    await lab.reaches('phone', 'wg.tunnelmesh');
    const { stdout } = await lab.on('coordinator', ['tunnelmesh', 'status']);
    expect(stdout).toMatch(/^WireGuard: disabled$/m);
  });

  describe('a gateway that joins by hand', () => {
    let gateway: ByHand;

    beforeAll(async () => {
      gateway = await ByHand.start(
        lab,
        'operator',
        'join',
        `${JOIN} --token $(cat $HOME/token) --name wg-gateway --wireguard --context wg-gateway`,
      );
      await gateway.says('connected to the coordinator');
    });
    afterAll(() => gateway.end());

    it('is enabled, known to all peers, and reached where the coordinator saw it', async () => {
      expect(await onOperator('status')).toMatch(/^WireGuard: enabled$/m);
      expect(await onOperator('peers')).toMatch(/^wg-gateway \* .* 203\.0\.113\.2:51820 +gateway$/m);
      expect(await onOperator('peers', '--context', 'wg-gateway')).toBe(await onOperator('peers'));
      const { stdout } = await lab.on('wg', ['tunnelmesh', 'peers']);
      expect(stdout).toMatch(/^wg-gateway /m);
    });

    it('carries a client that was there before it', async () => {
      const folder = lab.folder('again');
      await lab.operator('client', 'show', 'phone', '--out', folder);
      await lab.connect('phone', `${folder}/wg-gateway.conf`);
      await lab.reaches('phone', COORDINATOR);
      await lab.reaches('phone', 'wg.tunnelmesh');
      expect((await lab.on('operator', ['wg', 'show', 'wg0', 'latest-handshakes'])).stdout).toMatch(/\t[1-9]/);
    });

    it('has a context, which can be listed, shown, chosen and deleted', async () => {
      expect(await onOperator('context', 'list')).toMatch(
        /^ +wg-gateway +peer +https:\/\/203\.0\.113\.10:8443 +wg-gateway$/m,
      );
      await onOperator('context', 'use', 'wg-gateway');
      expect(await onOperator('context', 'show')).toMatch(/^name: +wg-gateway\ncurrent: +true\nkind: +peer$/m);
      expect(await onOperator('status')).toMatch(/^WireGuard: enabled$/m);
      await onOperator('context', 'use', 'lab');
      await onOperator('context', 'delete', 'wg-gateway');
      expect(await onOperator('context', 'list')).not.toContain('wg-gateway');
    });

    it('keeps its keys and its address when it is started again without a token', async () => {
      const before = await identity(lab);
      await gateway.end();
      gateway = await ByHand.start(lab, 'operator', 'join', `${JOIN} --name wg-gateway --wireguard`);
      await gateway.says('connected to the coordinator');
      expect(await identity(lab)).toEqual(before);
      // Its devices were new, and a device gives a session up after 15 s of silence (WireGuard's paper, §6.2).
      await lab.reaches('phone', COORDINATOR, 30);
    });
  });

  it("the mission's full peer configuration, its endpoint left empty, makes a gateway", async () => {
    const file = lab.folder('peer.yaml');
    await writeFile(
      file,
      `# Full peer config with WireGuard enabled
name: "wg-config"
server: "https://203.0.113.10"    # Coordination server (HTTPS)
auth_token: "${await lab.token()}"

wireguard:
  # Enable WireGuard concentrator on this peer
  enabled: true

  # UDP port to listen on (ensure firewall allows this)
  listen_port: 51820

  # If empty/omitted, uses this peer's auto-detected public IP
  endpoint: ""

  # Persistent storage for client keys and assignments
  # Default: ~/.tunnelmesh/wireguard/
  data_dir: "/var/lib/tunnelmesh/wireguard"
`,
      { mode: 0o600 },
    );
    const home = 'TUNNELMESH_HOME=/run/config';
    const gateway = await ByHand.start(lab, 'operator', 'config', `env ${home} tunnelmesh join --config ${file}`);
    await gateway.says('connected to the coordinator');
    const sh = async (line: string): Promise<string> => (await lab.on('operator', ['sh', '-c', line])).stdout;
    const status = await sh(`${home} tunnelmesh status`);
    expect(status).toMatch(/^WireGuard: enabled$/m);
    expect(status).toMatch(/Endpoint: +203\.0\.113\.2:51820$/m);
    expect(await sh('stat -c %a /var/lib/tunnelmesh/wireguard/wireguard.key')).toBe('600');
    const added = await lab.addClient('laptop');
    await lab.connect('laptop', lab.configOf(added, 'wg-config'));
    await lab.reaches('laptop', COORDINATOR);
    await gateway.end();
  });
});
