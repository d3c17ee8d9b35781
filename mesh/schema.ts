/** The branded values as zod schemas: one per value, each made of the one predicate that mints it. */
import { z } from 'zod';
import { isMeshCidr, MESH_PREFIX_LENGTHS } from './address-plan.ts';
import { parseEndpoint } from './endpoint.ts';
import { type Cidr, type Ipv4, isCidr, isIpv4 } from './ipv4.ts';
import { isPublicKey, type PublicKey } from './key.ts';
import { DISPLAY_NAME_MAX_LENGTH, foldName, isLabel, type Label, RESERVED_LABELS } from './name.ts';

/** A string schema that accepts what the predicate accepts and says otherwise what is allowed. */
function text<T extends string>(is: (value: string) => boolean, allowed: string, maxLength: number): z.ZodType<T, T> {
  return z
    .string({ error: allowed })
    .max(maxLength, { error: allowed, abort: true })
    .refine(is, { error: allowed })
    .describe(allowed) as unknown as z.ZodType<T, T>;
}

/** An IPv4 address in dotted decimal. */
export const ipv4Schema = text<Ipv4>(isIpv4, 'an IPv4 address such as 172.30.0.5', 15);
/** An IPv4 network; RFC 4632 notation. */
export const cidrSchema = text<Cidr>(isCidr, 'an IPv4 network without host bits, such as 10.0.0.0/8', 18);
/** What may stand where a {@link labelSchema} is. */
export const LABEL_ALLOWED = 'a DNS label: 1 to 63 of a-z, 0-9 and -, no - at either end';
/** A DNS label (RFC 1123), as names are stored. */
export const labelSchema = text<Label>(isLabel, LABEL_ALLOWED, 63);
/** An X25519 public key as WireGuard writes it. */
export const publicKeySchema = text<PublicKey>(
  isPublicKey,
  'a WireGuard public key: 44 characters of base64, not of low order',
  44,
);
/** Where a WireGuard device is reached from outside. */
export const endpointSchema = text<string>(
  (value) => parseEndpoint(value) !== undefined,
  'host:port, such as 203.0.113.50:51820 or wg.example.com:51820',
  261,
);

const PORT_ALLOWED = 'a port, 1-65535';

/** A UDP or TCP port. */
export const portSchema = z
  .int({ error: PORT_ALLOWED, abort: true })
  .min(1, { error: PORT_ALLOWED })
  .max(65535, { error: PORT_ALLOWED });

/** 32 bytes in hexadecimal: tokens and what is derived from them. */
export const hex64Schema = text<string>(
  (value) => /^[0-9a-f]{64}$/.test(value),
  '64 hexadecimal digits, lower case',
  64,
);
/** A network that a mesh can have. */
export const meshCidrSchema = text<Cidr>(
  isMeshCidr,
  `an IPv4 network without host bits, /${String(MESH_PREFIX_LENGTHS.shortest)} to /${String(MESH_PREFIX_LENGTHS.longest)}, such as 172.30.0.0/16`,
  18,
);

const NAME_ALLOWED = `a name that folds to a DNS label of 1 to 63 of a-z, 0-9 and -, but not to ${RESERVED_LABELS.join(', ')}`;

/** What a person typed, folded to its label. */
export const foldedNameSchema = z
  .string({ error: NAME_ALLOWED })
  .max(DISPLAY_NAME_MAX_LENGTH, { error: NAME_ALLOWED, abort: true })
  .transform((name, context): Label => {
    const label = foldName(name);
    if (label !== undefined) return label;
    context.issues.push({ code: 'custom', input: name, message: NAME_ALLOWED });
    return z.NEVER;
  });
