/**
 * What a lab consists of, before anything is built: hosts on one network that plays the internet, their files, what runs
 * on them, and the names that the internet's DNS knows. The supervisor builds whatever a plan says and knows nothing of
 * mesh files.
 */
import { z } from 'zod';
import { type Ipv4, ipv4FromNumber, ipv4ToNumber } from '../mesh/ipv4.ts';
import type { Label } from '../mesh/name.ts';
import { ipv4Schema, labelSchema } from '../mesh/schema.ts';

/** The network that plays the internet: TEST-NET-3 (RFC 5737 §3), which no real host has. */
export const INTERNET = { cidr: '203.0.113.0/24', prefixLength: 24, gateway: '203.0.113.1' } as const;

/**
 * A web site out there, so that there is something to reach and to resolve. Its address is one of benchmarking (RFC 2544
 * appendix C.2.2), for a resolver's rebind protection withholds those of TEST-NET, where it has another.
 */
export const INTERNET_SITE = { name: 'www.example.com', address: '198.18.0.80', other: '203.0.113.80' } as const;

/** The coordinator's address on that network; the other nodes' follow it. */
export const FIRST_NODE = '203.0.113.10' as Ipv4;

/** Most nodes of a lab: as many as have addresses before the devices'. */
export const MAX_NODES = 90;

/** The first device's address; those of others follow it. */
export const FIRST_DEVICE = '203.0.113.100' as Ipv4;

/** Most devices of a lab. */
export const MAX_DEVICES = 150;

/** The machine from which commands are given. It is no part of the mesh. */
export const OPERATOR = { name: 'operator' as Label, address: '203.0.113.2' as Ipv4 } as const;

/** The address so many after another. */
export function addressAfter(first: Ipv4, count: number): Ipv4 {
  return ipv4FromNumber(ipv4ToNumber(first) + count);
}

const argvSchema = z.tuple([z.string()], z.string()).readonly();

/** A file of one host. */
const fileSchema = z.strictObject({
  /** Absolute; directories on the way are made, and only the host sees it. Below `/etc` or `/run/lab/home`. */
  path: z.string().regex(/^\/(?:etc|run\/lab\/home)(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*|\/\.[A-Za-z0-9_-]+)+$/),
  content: z.string(),
  mode: z.number().int().min(0).max(0o777),
});
export type LabFile = z.infer<typeof fileSchema>;

/** One host. */
const hostSchema = z.strictObject({
  name: labelSchema,
  /** `device` hosts have their folder under `devices/`, all others under `nodes/`. */
  kind: z.enum(['node', 'operator', 'device']),
  address: ipv4Schema,
  files: z.array(fileSchema),
  /** What runs there for ever, restarted when it ends. */
  daemon: argvSchema.nullable(),
  /** The host is up when each of these commands, run there again and again, has ended with exit code 0 once. */
  ready_when: z.array(argvSchema),
});
export type LabHost = z.infer<typeof hostSchema>;

/** A plan, as it is handed to the supervisor in a file. */
export const labPlanSchema = z.strictObject({
  /** What the plan was made from, in a form that can be compared. */
  origin: z.string(),
  /** Runs this program, as `tunnelmesh` on every host. */
  program: argvSchema,
  hosts: z.array(hostSchema).min(1).max(200),
  /** What the internet's DNS answers, besides its own web site. */
  names: z.record(z.string(), ipv4Schema),
});
export type LabPlan = z.infer<typeof labPlanSchema>;
