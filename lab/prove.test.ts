import { describe, expect, it } from '@jest/globals';
import type { Argv } from './namespaces.ts';
import type { PingAnswer, PingLog } from './ping-log.ts';
import { type Proof, renderGatewayProof } from './proof.ts';
import type { PingSeries, ProofLab } from './proof-lab.ts';
import { prove } from './prove.ts';

const COORDINATOR = '172.30.0.1';
const ADDRESSES: Record<string, string> = { iphone: '172.30.100.2', bystander: '172.30.100.3' };
const PEERS = ['coordinator', 'wg-eu', 'wg-us'].map((name, index) => ({
  name,
  address: `172.30.0.${String(index + 1)}`,
  dns_name: `${name}.tunnelmesh`,
  coordinator: index === 0,
}));

/** What a mesh may get wrong. */
interface Flaws {
  /** Milliseconds that a disabled client's tunnel lives on. */
  readonly slowDeath?: number;
  /** Pings that the bystander loses. */
  readonly losses?: number;
  /** A gateway that answers nothing. */
  readonly deadGateway?: string;
  /** What a device is told about the second gateway's name. */
  readonly wrongName?: string;
}

/** A mesh of two gateways on a clock that only moves when somebody sleeps. Whatever it does not know, it throws at. */
class SimulatedLab implements ProofLab {
  readonly transcript: string[] = [];
  readonly #flaws: Flaws;
  readonly #tunnels = new Map<string, string>();
  #now = 1_000_000;
  #disabledAt: number | undefined;

  constructor(flaws: Flaws) {
    this.#flaws = flaws;
  }

  readonly clock = {
    wall: (): number => this.#now,
    monotonic: (): number => this.#now,
    sleep: (ms: number): Promise<void> => {
      this.#now += ms;
      return Promise.resolve();
    },
  };

  run(host: string, command: Argv): ReturnType<ProofLab['run']> {
    const line = command.join(' ');
    if (host === 'operator') return Promise.resolve(this.#answer(JSON.stringify(this.#operator(line))));
    const gateway = this.#tunnels.get(host);
    if (gateway === undefined) throw new Error(`${host} has no tunnel: ${line}`);
    const dead = gateway === this.#flaws.deadGateway;
    if (line.startsWith('ping -n -q -i 0.02 -c 1 -w 10 ')) return Promise.resolve(this.#answer('', dead ? 1 : 0));
    if (line.startsWith('ping -n -q -i 0.05 -c 10 -W 2 ')) {
      return Promise.resolve(
        this.#answer('10 packets transmitted, 10 received, 0%\nrtt min/avg/max/mdev = 1.0/2.5/3.0/0.1 ms\n'),
      );
    }
    if (command[0] === 'getent') return Promise.resolve(this.#answer(`${this.#addressOf(command[2] ?? '')} STREAM\n`));
    throw new Error(`unexpected on ${host}: ${line}`);
  }

  tunnelUp(device: string, configFile: string): Promise<void> {
    this.transcript.push(`${device} up ${configFile}`);
    this.#tunnels.set(device, /([^/]+)\.conf$/.exec(configFile)?.[1] ?? '');
    return Promise.resolve();
  }

  tunnelDown(device: string): Promise<void> {
    this.transcript.push(`${device} down`);
    this.#tunnels.delete(device);
    return Promise.resolve();
  }

  ping(device: string, target: string): Promise<PingSeries> {
    if (target !== COORDINATOR) throw new Error(`unexpected ping of ${target}`);
    const since = this.#now;
    const read = (): Promise<PingLog> => {
      const end = device === 'iphone' ? (this.#disabledAt ?? Infinity) + (this.#flaws.slowDeath ?? 0) : Infinity;
      const answers: PingAnswer[] = [];
      for (let at = since; at <= Math.min(this.#now, end); at += 20) {
        answers.push({ sequence: answers.length + 1, at, roundTripMs: 1 });
      }
      return Promise.resolve({ answers, lost: device === 'bystander' ? (this.#flaws.losses ?? 0) : 0 });
    };
    return Promise.resolve({ read, stop: () => Promise.resolve() });
  }

  #answer(stdout: string, exitCode = 0): Awaited<ReturnType<ProofLab['run']>> {
    return { exitCode, stdout, stderr: '' };
  }

  #addressOf(name: string): string {
    if (name === 'www.example.com') return '198.18.0.80';
    if (name === 'wg-us.tunnelmesh' && this.#flaws.wrongName) return this.#flaws.wrongName;
    const label = name.replace('.tunnelmesh', '');
    return PEERS.find((peer) => peer.name === label)?.address ?? ADDRESSES[label] ?? 'nobody';
  }

  #operator(line: string): unknown {
    this.transcript.push(line);
    const added = /^tunnelmesh client add (\S+) --out (\S+) --wait --json$/.exec(line);
    if (added?.[1] !== undefined) {
      const [, name, out] = added;
      return {
        client: { name, address: ADDRESSES[name], dns_name: `${name}.tunnelmesh` },
        files: ['wg-eu', 'wg-us'].map((gateway) => ({ gateway, config: `${String(out)}/${gateway}.conf` })),
      };
    }
    switch (line) {
      case 'tunnelmesh peers --json':
        return { peers: PEERS };
      case 'tunnelmesh client list --json':
        return { clients: [{ name: 'laptop' }] };
      case 'tunnelmesh client disable iphone --json':
        this.#disabledAt = this.#now;
        return {};
      case 'tunnelmesh client enable iphone --wait --json':
      case 'tunnelmesh client delete bystander --json':
      case 'rm -r /out/bystander':
        return {};
      default:
        throw new Error(`unexpected: ${line}`);
    }
  }
}

async function proofOf(flaws: Flaws): Promise<{ proof: Proof; lab: SimulatedLab; said: string[] }> {
  const lab = new SimulatedLab(flaws);
  const said: string[] = [];
  const proof = await prove(lab, { outDirectory: '/out', progress: (line) => said.push(line) });
  return { proof, lab, said };
}

describe('a proof', () => {
  it('of a mesh that keeps its promises has every figure', async () => {
    const { proof, lab, said } = await proofOf({});
    expect(proof).toMatchObject({
      proved: true,
      failures: [],
      client: { name: 'iphone', address: '172.30.100.2' },
      gateways: [
        { gateway: 'wg-eu', peer: { name: 'wg-us', address: '172.30.0.3', round_trip_ms: 2.5 } },
        { gateway: 'wg-us', peer: { name: 'wg-eu', address: '172.30.0.2', round_trip_ms: 2.5 } },
      ],
      revocation: { gateway: 'wg-us', dead_after_acknowledgement_ms: 20 },
      bystander: { gateway: 'wg-us', lost: 0 },
    });
    expect(lab.transcript).toEqual([
      'tunnelmesh peers --json',
      'tunnelmesh client list --json',
      'tunnelmesh client add iphone --out /out --wait --json',
      'tunnelmesh client add bystander --out /out/bystander --wait --json',
      'bystander up /out/bystander/wg-us.conf',
      'iphone up /out/wg-eu.conf',
      'iphone up /out/wg-us.conf',
      'tunnelmesh client disable iphone --json',
      'tunnelmesh client enable iphone --wait --json',
      'iphone up /out/wg-us.conf',
      'bystander down',
      'tunnelmesh client delete bystander --json',
      'rm -r /out/bystander',
    ]);
    expect(said).toEqual(expect.arrayContaining(proof.gateways.map(renderGatewayProof)));
  });

  it('fails when a disabled client’s tunnel lives for a second or more', async () => {
    const { proof } = await proofOf({ slowDeath: 1000 });
    expect(proof.proved).toBe(false);
    expect(proof.failures).toEqual(['revocation: the tunnel lived longer than 1000 ms after the acknowledgement']);
  });

  it('fails when a disabled client’s tunnel does not die at all', async () => {
    const { proof } = await proofOf({ slowDeath: Infinity });
    expect(proof.failures).toEqual(["revocation: a disabled client's pings are answered 5 s later"]);
    expect(proof.revocation).toBeNull();
  });

  it('fails when the second client loses a single ping', async () => {
    const { proof } = await proofOf({ losses: 1 });
    expect(proof.failures).toEqual(['the second client: 1 of its pings were lost while others were changed']);
  });

  it('goes on with the other gateways when one does not answer, and names it', async () => {
    const { proof } = await proofOf({ deadGateway: 'wg-eu' });
    expect(proof.failures).toEqual(['through wg-eu: 172.30.0.1 did not answer iphone within 10 s']);
    expect(proof.gateways.map(({ gateway }) => gateway)).toEqual(['wg-us']);
  });

  it('fails when a name resolves to somebody else', async () => {
    const { proof } = await proofOf({ wrongName: '172.30.0.9' });
    expect(proof.failures).toEqual(['through wg-eu: wg-us.tunnelmesh is 172.30.0.9 to iphone; it is 172.30.0.3']);
  });
});
