/** Lower-case hexadecimal, as tokens, nonces and proofs are written. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

const HEX_PATTERN = /^(?:[0-9a-f]{2})+$/;

/** Encoder and strict decoder; `decode` gives `undefined` for anything but lower-case hexadecimal of even length. */
export const hex = {
  encode: bytesToHex,

  decode(text: string): Uint8Array | undefined {
    return HEX_PATTERN.test(text) ? hexToBytes(text) : undefined;
  },
};
