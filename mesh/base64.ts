/** Strict base64 (RFC 4648 §4) that accepts exactly what it would write: padded, no white space, no stray bits. */

const BASE64_PATTERN = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Encoder and decoder; `decode` gives `undefined` for anything that `encode` would not have written. */
export const base64 = {
  encode(bytes: Uint8Array): string {
    return btoa(String.fromCharCode(...bytes));
  },

  decode(text: string): Uint8Array | undefined {
    if (!BASE64_PATTERN.test(text)) return undefined;
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return base64.encode(bytes) === text ? bytes : undefined;
  },
};
