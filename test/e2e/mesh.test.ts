import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import type { Proof } from '../../lab/proof.ts';
import { type AddedClient, TestLab } from './test-lab.ts';

jest.setTimeout(120_000);

const GATEWAYS = ['wg-us', 'wg-eu', 'wg-asia'] as const;
const COORDINATOR = '172.30.0.1';

describe('the mesh of three regions, on real devices', () => {
  let lab: TestLab;
  let phone: AddedClient;

  beforeAll(async () => {
    lab = await TestLab.up('mesh.yaml');
    phone = await lab.addClient('iPhone');
  });
  afterAll(() => lab.down());

  it("a client's configuration has the form that the mission shows", async () => {
    expect(phone.client).toMatchObject({ name: 'iphone', address: '172.30.100.2' });
    const text = await readFile(lab.configOf(phone, 'wg-eu'), 'utf8');
    expect(text.replaceAll(/(Key|Endpoint) = [A-Za-z0-9+/=.:]+/g, '$1 = …')).toBe(
      `[Interface]
PrivateKey = …
Address = 172.30.100.2/16
DNS = 172.30.0.1

[Peer]
PublicKey = …
AllowedIPs = 172.30.0.0/16
Endpoint = …
PersistentKeepalive = 25
`,
    );
  });

  it.each(GATEWAYS)('the same key and address reach the coordinator and every peer through %s', async (gateway) => {
    await lab.connect('phone', lab.configOf(phone, gateway));
    await lab.reaches('phone', COORDINATOR);
    for (const peer of GATEWAYS) await lab.reaches('phone', `${peer}.tunnelmesh`);
    expect((await lab.on(gateway, ['wg', 'show', 'wg0', 'latest-handshakes'])).stdout).toMatch(
      new RegExp(`^${phone.client.public_key.replaceAll('+', '\\+')}\t[1-9]`, 'm'),
    );
  });

  it('peers and gateways reach a client wherever it is', async () => {
    await lab.connect('phone', lab.configOf(phone, 'wg-us'));
    await lab.reaches('phone', COORDINATOR);
    for (const host of ['coordinator', ...GATEWAYS]) await lab.reaches(host, phone.client.address);
  });

  it('names are answered at 172.30.0.1, on the gateway itself and to peers; other names are forwarded', async () => {
    const gateway = await lab.dig('phone', COORDINATOR, 'wg-us.tunnelmesh');
    expect(gateway).toMatch(/^172\.30\.0\.\d+$/);
    for (const [host, server] of [
      ['phone', COORDINATOR],
      ['phone', gateway],
      ['wg-us', gateway],
      ['wg-eu', COORDINATOR],
      ['coordinator', COORDINATOR],
    ] as const) {
      expect([host, server, await lab.dig(host, server, 'iphone.tunnelmesh')]).toEqual([
        host,
        server,
        phone.client.address,
      ]);
    }
    expect(await lab.dig('phone', COORDINATOR, 'this.tm')).toBe(COORDINATOR);
    expect(await lab.dig('phone', COORDINATOR, 'this.tm', '+tcp')).toBe(COORDINATOR);
    expect(await lab.dig('phone', COORDINATOR, 'www.example.com')).toBe('198.18.0.80');
    expect(await lab.dig('phone', COORDINATOR, 'nobody.tunnelmesh')).toBe('');
  });

  it("the mission's three curl lines work from inside the mesh, given the CA", async () => {
    const env = { TOKEN: await lab.token(), CURL_CA_BUNDLE: lab.ca };
    const sh = async (line: string): Promise<string> =>
      (await lab.on('phone', ['sh', '-c', line.replace('curl', 'curl -sS --fail-with-body')], { env })).stdout;

    const added = await sh(`curl -X POST -H "Authorization: Bearer $TOKEN" \
      -H "Content-Type: application/json" \
      -d '{"name": "my-phone"}' \
      https://this.tm/api/v1/wireguard/clients`);
    const { id, public_key } = JSON.parse(added) as { id: string; public_key: unknown };
    expect(public_key).toBeNull();

    const list = 'curl -H "Authorization: Bearer $TOKEN" https://this.tm/api/v1/wireguard/clients';
    expect(await sh(list)).toContain('"my-phone"');
    await sh(
      `curl -X DELETE -H "Authorization: Bearer $TOKEN" https://this.tm/api/v1/wireguard/clients/CLIENT_ID`.replace(
        'CLIENT_ID',
        id,
      ),
    );
    expect(await sh(list)).not.toContain('"my-phone"');
  });

  it('a client reaches the mesh and nothing else, whatever its own configuration asks for', async () => {
    const greedy = await lab.addClient('greedy');
    await lab.connectChanged('tablet', lab.configOf(greedy, 'wg-us'), (text) =>
      text.replace('AllowedIPs = 172.30.0.0/16', 'AllowedIPs = 172.30.0.0/16, 198.18.0.0/15, 169.254.169.254/32'),
    );
    await lab.reaches('tablet', COORDINATOR);
    expect(await lab.canReach('wg-us', '198.18.0.80')).toBe(true);
    expect(await lab.canReach('tablet', '198.18.0.80')).toBe(false);
    expect(await lab.canReach('tablet', '169.254.169.254')).toBe(false);
    expect(await lab.canReach('tablet', phone.client.address)).toBe(false);
    expect(await lab.canReach('phone', greedy.client.address)).toBe(false);
  });

  it('a client that takes the address of another is heard by nobody', async () => {
    const liar = await lab.addClient('liar');
    await lab.connectChanged('liar', lab.configOf(liar, 'wg-eu'), (text) =>
      text.replace(`Address = ${liar.client.address}/16`, `Address = ${phone.client.address}/16`),
    );
    expect(await lab.canReach('liar', COORDINATOR)).toBe(false);
    await lab.reaches('phone', COORDINATOR);
  });

  it('a client that is not touched loses no packet while others are added and removed', async () => {
    const bystander = await lab.addClient('bystander');
    await lab.connect('laptop', lab.configOf(bystander, 'wg-us'));
    await lab.reaches('laptop', COORDINATOR);
    const pings = lab.on('laptop', ['ping', '-q', '-i', '0.02', '-c', '500', COORDINATOR], { okExitCodes: [1] });
    for (const name of ['one', 'two', 'three', 'four', 'five']) {
      await lab.addClient(name);
      await lab.operator('client', 'delete', name);
    }
    expect((await pings).stdout).toContain('500 packets transmitted, 500 received');
  });

  it('a disabled client is on no gateway’s device and its tunnel is dead, until it is enabled', async () => {
    const gatewaysThatKnow = async (): Promise<string[]> => {
      const shown = await Promise.all(
        GATEWAYS.map(async (gateway) => ({ gateway, ...(await lab.on(gateway, ['wg', 'show', 'wg0', 'peers'])) })),
      );
      return shown.filter(({ stdout }) => stdout.includes(phone.client.public_key)).map(({ gateway }) => gateway);
    };
    await lab.operator('client', 'disable', 'iphone', '--wait');
    expect(await gatewaysThatKnow()).toEqual([]);
    expect(await lab.canReach('phone', COORDINATOR)).toBe(false);
    await lab.operator('client', 'enable', 'iphone', '--wait');
    expect(await gatewaysThatKnow()).toEqual([...GATEWAYS]);
    await lab.connect('phone', lab.configOf(phone, 'wg-asia'));
    await lab.reaches('phone', COORDINATOR);
  });

  it.each(['wg-asia', 'coordinator'])('%s, killed with SIGKILL, comes back by itself with everything', async (host) => {
    const identity = async (): Promise<string> => (await lab.on(host, ['wg', 'show', 'tm0', 'public-key'])).stdout;
    const records = async (): Promise<unknown> =>
      (await lab.clients()).map(({ id, name, address, public_key, enabled }) => ({
        id,
        name,
        address,
        public_key,
        enabled,
      }));
    const before = [await identity(), await records()];
    await lab.lab('kill', host);
    // Its devices carry packets meanwhile.
    await lab.reaches('phone', COORDINATOR);
    await lab.untilConnected(host);
    expect([await identity(), await records()]).toEqual(before);
    const name = `after-${host}`;
    const added = await lab.addClient(name);
    expect((await lab.on('wg-asia', ['wg', 'show', 'wg0', 'peers'])).stdout).toContain(added.client.public_key);
  });

  it('a gateway whose device is taken away makes it anew, and its clients find it', async () => {
    await lab.on('wg-asia', ['sh', '-c', 'ip link delete wg0']);
    await lab.on('wg-asia', ['timeout', '20', 'sh', '-c', 'until wg show wg0 >/dev/null 2>&1; do sleep 0.1; done']);
    await lab.connect('phone', lab.configOf(phone, 'wg-asia'));
    await lab.reaches('phone', COORDINATOR);
  });

  it('`lab prove` sees a revoked tunnel die within a second, and a bystander lose nothing', async () => {
    const proof = JSON.parse((await lab.lab('prove', '--out', lab.folder('proof'), '--json')).stdout) as Proof;
    expect(proof.failures).toEqual([]);
    expect(proof.gateways.map(({ gateway }) => gateway).sort()).toEqual([...GATEWAYS].sort());
    expect(proof.revocation?.dead_after_acknowledgement_ms).toBeLessThan(1000);
    expect(proof.bystander).toMatchObject({ lost: 0 });
  });

  it('`tunnelmesh status` on a gateway says that WireGuard is enabled', async () => {
    expect((await lab.on('wg-eu', ['tunnelmesh', 'status'])).stdout).toMatch(/^WireGuard: enabled$/m);
    expect((await lab.on('coordinator', ['tunnelmesh', 'status'])).stdout).toMatch(/^WireGuard: disabled$/m);
  });

  it('no secret is in a log, on a command line or in an environment that a host shows', async () => {
    const secrets = [await lab.token()];
    for (const host of ['coordinator', ...GATEWAYS]) {
      const log = await readFile(`${lab.state}/nodes/${host}/log`, 'utf8');
      const { stdout } = await lab.on(host, ['sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "']);
      for (const secret of secrets) {
        expect(log).not.toContain(secret);
        expect(stdout).not.toContain(secret);
      }
    }
  });
});
