/** Known answers for WireGuard keys. */

/** RFC 7748 §6.1, "Curve25519": Alice's and Bob's private and public keys, in hexadecimal. */
export const RFC7748_KEY_PAIRS = [
  {
    privateKey: '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
    publicKey: '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  },
  {
    privateKey: '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
    publicKey: 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  },
] as const;

/** Written by `wg genkey` and `wg pubkey` of wireguard-tools v1.0.20210914. */
export const WG_KEY_PAIRS = [
  {
    privateKey: 'cPyyNn1rMrkNzQ7DAzNdWrhYb+Ycj8HyXK1SvaahvkQ=',
    publicKey: 'MZK/IbBWHGhCieoTBf+CHmiw5FCsBPKzPR5PB//qJn8=',
  },
  {
    privateKey: '+PVDrgG/wTpYF/7CRDx/HwmSE6T8pw7/AdSGplN7blU=',
    publicKey: 'RHJzQlSWqxpIgNfUsbN9olc58whojBLS3ADdcRROiRI=',
  },
  {
    privateKey: 'iKK5xwqhPQGtKJMIThXjCm93Aelj+RHpMLYSeM8kCXc=',
    publicKey: 'b7I4gNzPRKseHzjfQnRFxpfZoHrbFs6N0s+XnhX8yU0=',
  },
] as const;

/**
 * Every encoding of a point of low order, in hexadecimal, but for the top bit that RFC 7748 §5 ignores: 0, 1, the two of
 * order 8, p − 1, p and p + 1 (https://cr.yp.to/ecdh.html, "How do I validate Curve25519 public keys?").
 */
export const LOW_ORDER_POINTS = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
] as const;
