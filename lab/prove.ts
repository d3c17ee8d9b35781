/**
 * The proof that a lab's mesh does what it promises: one client with one key and one address through every gateway in
 * turn, with standard tools on the device; names; revocation; and a bystander who notices nothing.
 */
import { failureText } from '../host/failure.ts';
import { z } from 'zod';
import { ipv4Schema, labelSchema } from '../mesh/schema.ts';
import { INTERNET_SITE, OPERATOR } from './plan.ts';
import {
  type BystanderProof,
  type GatewayProof,
  type Proof,
  renderBystanderProof,
  renderGatewayProof,
  renderRevocationProof,
  REVOCATION_LIMIT_MS,
  type RevocationProof,
} from './proof.ts';
import { firstAnswer, lookUp, NotProved, roundTrip, untilAnswered, untilSilent } from './proof-measures.ts';
import { PING_INTERVAL_MS, type PingSeries, type ProofLab } from './proof-lab.ts';

const addedSchema = z.object({
  client: z.object({ name: labelSchema, address: ipv4Schema, dns_name: z.string() }),
  files: z.array(z.object({ gateway: labelSchema, config: z.string() })).min(1),
});
type Added = z.infer<typeof addedSchema>;

const clientsSchema = z.object({ clients: z.array(z.object({ name: z.string() })) });

const peersSchema = z.object({
  peers: z
    .array(z.object({ name: labelSchema, address: ipv4Schema, dns_name: z.string(), coordinator: z.boolean() }))
    .min(1),
});
type Peer = z.infer<typeof peersSchema>['peers'][number];

/** How a proof is done. */
export interface ProofOptions {
  /** Where the first client's files go, absolute, as the operator's host sees it. */
  readonly outDirectory: string;
  /** Told what was found, line by line. */
  readonly progress: (line: string) => void;
}

/** Does the whole proof. Rejects only when the lab itself fails; whatever the mesh gets wrong stands in the proof. */
export async function prove(lab: ProofLab, options: ProofOptions): Promise<Proof> {
  return new Prover(lab, options).prove();
}

class Prover {
  readonly #lab: ProofLab;
  readonly #options: ProofOptions;
  readonly #failures: string[] = [];

  constructor(lab: ProofLab, options: ProofOptions) {
    this.#lab = lab;
    this.#options = options;
  }

  async prove(): Promise<Proof> {
    const found: { -readonly [K in keyof Proof]: Proof[K] } = {
      proved: false,
      failures: this.#failures,
      client: null,
      gateways: [],
      revocation: null,
      bystander: null,
    };
    await this.#attempt('the clients', async () => {
      const { peers } = peersSchema.parse(await this.#tunnelmesh('peers'));
      const taken = new Set(clientsSchema.parse(await this.#tunnelmesh('client', 'list')).clients.map((c) => c.name));
      const client = await this.#add(freeName('iphone', taken), this.#options.outDirectory);
      found.client = { name: client.client.name, address: client.client.address, files: client.files };
      this.#say(`client ${client.client.name} has ${client.client.address} and ${String(client.files.length)} files`);
      const bystanderFiles = `${this.#options.outDirectory}/bystander`;
      const bystander = await this.#add(freeName('bystander', taken), bystanderFiles);
      const watched = await this.#watch(bystander, coordinatorOf(peers));
      try {
        found.gateways = await this.#throughEveryGateway(client, peers);
        found.revocation = await this.#attempt('revocation', () => this.#revoke(client, coordinatorOf(peers)));
      } finally {
        await watched.stop();
      }
      found.bystander = await this.#attempt('the second client', () => this.#conclude(bystander, watched));
      await this.#lab.tunnelDown(bystander.client.name);
      await this.#tunnelmesh('client', 'delete', bystander.client.name);
      await this.#lab.run(OPERATOR.name, ['rm', '-r', bystanderFiles]);
    });
    found.proved = this.#failures.length === 0;
    return found;
  }

  #say(line: string): void {
    this.#options.progress(line);
  }

  async #attempt<T>(what: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      const failure = `${what}: ${failureText(error)}`;
      this.#failures.push(failure);
      this.#say(`NOT PROVED: ${failure}`);
      return null;
    }
  }

  async #tunnelmesh(...words: string[]): Promise<unknown> {
    const { stdout } = await this.#lab.run(OPERATOR.name, ['tunnelmesh', ...words, '--json']);
    return JSON.parse(stdout);
  }

  async #add(name: string, directory: string): Promise<Added> {
    return addedSchema.parse(await this.#tunnelmesh('client', 'add', name, '--out', directory, '--wait'));
  }

  /** Connects the second client through its last file's gateway and lets it ping from now on. */
  async #watch({ client, files }: Added, coordinator: Peer): Promise<PingSeries> {
    await this.#lab.tunnelUp(client.name, lastOf(files).config);
    await firstAnswer(this.#lab, client.name, coordinator.address);
    return this.#lab.ping(client.name, coordinator.address);
  }

  async #conclude({ files }: Added, watched: PingSeries): Promise<BystanderProof> {
    const { answers, lost } = await watched.read();
    const proof = { gateway: lastOf(files).gateway, answered: answers.length, lost };
    this.#say(renderBystanderProof(proof));
    if (lost > 0) throw new NotProved(`${String(lost)} of its pings were lost while others were changed`);
    return proof;
  }

  async #throughEveryGateway(added: Added, peers: readonly Peer[]): Promise<GatewayProof[]> {
    const proofs: GatewayProof[] = [];
    for (const file of added.files) {
      const proof = await this.#attempt(`through ${file.gateway}`, () => this.#throughGateway(added, file, peers));
      if (!proof) continue;
      proofs.push(proof);
      this.#say(renderGatewayProof(proof));
    }
    return proofs;
  }

  async #throughGateway(
    { client }: Added,
    { gateway, config }: Added['files'][number],
    peers: readonly Peer[],
  ): Promise<GatewayProof> {
    const coordinator = coordinatorOf(peers);
    await this.#lab.tunnelUp(client.name, config);
    const first = await firstAnswer(this.#lab, client.name, coordinator.address);
    // A peer across the mesh where there is one, so that the packets take every hop.
    const other = peers.find((peer) => !peer.coordinator && peer.name !== gateway) ?? coordinator;
    const names = [
      await lookUp(this.#lab, client.name, other.dns_name, other.address),
      await lookUp(this.#lab, client.name, client.dns_name, client.address),
      await lookUp(this.#lab, client.name, INTERNET_SITE.name, INTERNET_SITE.address),
    ];
    return {
      gateway,
      first_answer_ms: first,
      coordinator: {
        address: coordinator.address,
        round_trip_ms: await roundTrip(this.#lab, client.name, coordinator.address),
      },
      peer: {
        name: other.name,
        address: other.address,
        round_trip_ms: await roundTrip(this.#lab, client.name, other.address),
      },
      names,
    };
  }

  async #revoke({ client, files }: Added, coordinator: Peer): Promise<RevocationProof> {
    const { gateway, config } = lastOf(files);
    const died = await this.#timeOfDeath(client.name, coordinator.address);
    await this.#tunnelmesh('client', 'enable', client.name, '--wait');
    // By itself a WireGuard app comes back after 15 s of silence; its user switches the tunnel off and on.
    await this.#lab.tunnelUp(client.name, config);
    const back = await firstAnswer(this.#lab, client.name, coordinator.address);
    const proof = { gateway, ...died, first_answer_after_enable_ms: back };
    this.#say(renderRevocationProof(proof));
    if (proof.dead_after_acknowledgement_ms >= REVOCATION_LIMIT_MS) {
      throw new NotProved(`the tunnel lived longer than ${String(REVOCATION_LIMIT_MS)} ms after the acknowledgement`);
    }
    return proof;
  }

  /** Disables a client that is pinging, and sees when its tunnel dies. */
  async #timeOfDeath(
    name: string,
    target: string,
  ): Promise<Pick<RevocationProof, 'dead_after_acknowledgement_ms' | 'dead_after_command_ms'>> {
    const { clock } = this.#lab;
    const series = await this.#lab.ping(name, target);
    try {
      await untilAnswered(this.#lab, series);
      const given = clock.wall();
      await this.#tunnelmesh('client', 'disable', name);
      const acknowledged = clock.wall();
      // The first ping that was lost left one interval after the last that was answered.
      const dead = (await untilSilent(this.#lab, series)) + PING_INTERVAL_MS;
      return { dead_after_acknowledgement_ms: Math.max(0, dead - acknowledged), dead_after_command_ms: dead - given };
    } finally {
      await series.stop();
    }
  }
}

function coordinatorOf(peers: readonly Peer[]): Peer {
  const coordinator = peers.find((peer) => peer.coordinator);
  if (!coordinator) throw new NotProved('the mesh lists no coordinator among its peers');
  return coordinator;
}

/** The name, or the first of `name-2`, `name-3` … that nobody has. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? name : `${name}-${String(count)}`;
    if (!taken.has(candidate)) return candidate;
  }
}

function lastOf<T>(list: readonly T[]): T {
  const last = list.at(-1);
  if (last === undefined) throw new RangeError('an empty list has no last element');
  return last;
}
