/**
 * One machine's data plane as a program of its own, for `data-plane.test.ts`: reads what it is from `setup.json` in the
 * directory given, then carries out `1.request`, `2.request` … and writes `1.answer`, `2.answer` … beside them.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../host/clock.ts';
import { readFileIfThere, writeFileAtomic } from '../../host/files.ts';
import { createLog } from '../../host/log.ts';
import { run, start } from '../../host/run.ts';
import { addressPlan } from '../../mesh/address-plan.ts';
import { parseCidr, parseIpv4 } from '../../mesh/ipv4.ts';
import { PrivateKey } from '../../mesh/key.ts';
import { MeshReplica } from '../../mesh/replica.ts';
import { deltaSchema, snapshotSchema } from '../../mesh/stream.ts';
import { KernelDataPlane } from '../../peer/kernel-data-plane.ts';

/** What a machine is told about itself. */
export interface Setup {
  readonly id: string;
  readonly address: string;
  readonly meshPrivateKey: string;
  readonly concentratorPrivateKey: string | null;
  readonly hosts: string;
}

const POLL_MS = 10;
const directory = process.argv[2] ?? '';
const setup = JSON.parse(await readFile(join(directory, 'setup.json'), 'utf8')) as Setup;
const key = (text: string | null): PrivateKey => sure(text === null ? undefined : PrivateKey.parse(text));

const plane = new KernelDataPlane({
  run,
  start,
  clock: systemClock,
  log: createLog((line) => process.stderr.write(`${setup.id} ${line}`)),
  searchPath: process.env['PATH'] ?? '',
  paths: { runtime: '/run/tunnelmesh', hosts: setup.hosts },
  self: {
    id: setup.id,
    address: sure(parseIpv4(setup.address)),
    meshPrivateKey: key(setup.meshPrivateKey),
    meshPort: 51821,
    concentrator:
      setup.concentratorPrivateKey === null
        ? null
        : { privateKey: key(setup.concentratorPrivateKey), listenPort: 51820 },
  },
  addresses: addressPlan(sure(parseCidr('172.30.0.0/16'))),
  suffix: 'tunnelmesh',
});

let replica: MeshReplica | undefined;
for (let next = 1; ; next += 1) {
  const text = await request(next);
  const answer = await carryOut(JSON.parse(text) as { verb: string; message?: unknown }).catch((error: unknown) => ({
    error: String(error),
  }));
  await writeFileAtomic(join(directory, `${String(next)}.answer`), JSON.stringify(answer ?? null), 0o600);
}

async function carryOut({ verb, message }: { verb: string; message?: unknown }): Promise<unknown> {
  switch (verb) {
    case 'pid':
      return process.pid;
    case 'start':
      await plane.start();
      return plane.kind;
    case 'snapshot':
      replica = new MeshReplica(snapshotSchema.parse(message));
      return plane.apply(replica, { all: true });
    case 'delta':
      return plane.apply(sure(replica), sure(replica).fold(deltaSchema.parse(message)));
    case 'newcomers':
      return plane.newcomers();
    case 'handshakes':
      return plane.handshakes();
    case 'intact':
      return plane.intact();
    case 'close':
      return plane.close();
    default:
      throw new Error(`no such request: ${verb}`);
  }
}

async function request(number: number): Promise<string> {
  for (;;) {
    const text = await readFileIfThere(join(directory, `${String(number)}.request`));
    if (text !== undefined) return text;
    await systemClock.sleep(POLL_MS);
  }
}

function sure<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the setup is not usable');
  return value;
}
