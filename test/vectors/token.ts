/**
 * Known answers for tokens, computed with coreutils 9.1 as Terraform would with its `sha256()`:
 * `printf %s "tm1:join:$TOKEN" | sha256sum`, and so on as `mesh/token.ts` says.
 */
export const TOKENS = [
  {
    authToken: '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0',
    joinRoot: 'dc7fed2c0baceffa13adc9ba53034073652c062e53d95e4c5963c564040350c0',
    verifier: 'fa3970b3d594a1a8085c135f0236899fb72d15bdc0caf4d09d2cd53339c9557b',
    nodeToken: '80146254dd797ecd3389f9347526fc5914642ad2c8bc4828b14176949e02d678',
  },
  {
    authToken: 'your-token',
    joinRoot: '72bffc6b26abf7e869d8ae345d783d9520d5631ecf9db0e083685a4054de4391',
    verifier: '2f6f334fe8baebad4e269aaccdbf877c1ef6dfc8c24af6ba130d0b3bc9698904',
    nodeToken: '76ff9295044cb8f5807eb0ddc04d721e07ed50e88b4b7a23c11fff988d1d3152',
  },
  {
    authToken: 'pässwörd ✓',
    joinRoot: 'e6e4fe3b6e24ef64b184db5f3117e2350ddf1c6b355c2eb58b71c24feb5e2579',
    verifier: '00b336b0e4bea16341447cb2242d37ca47b11076523c43ba56591e08cbce26cf',
    nodeToken: '3632c4993d99e11d72b88208e583a3e959c052a33bf0d92e743bb5e0aebdb039',
  },
] as const;

/** For whom the node tokens above were made. */
export const NODE = { name: 'wg-us', claims: 'roles=wireguard;routes=10.0.0.0/8;aliases=us;generation=0' } as const;

/**
 * Known answers for the proofs of a join with the first token, computed with OpenSSL 3.0:
 * `printf %s "$JSON" | openssl dgst -sha256 -hmac "$TOKEN"`, the JSON being the array that `mesh/join.ts` describes.
 */
export const PROOFS = {
  ca: 'c9183184bc4f17a3d63671078842f3593039a1fcfaa7f56fb4f8540589ecb691',
  gatewayJoin: '65c4d1efb390fcbb6f66b693183965d4bd3a1d2123c017757eb01ae021fcfea0',
  operatorJoin: '614a907cc076c6d23f528770918b97872288f2236832003e7af8966fcdc8d1d2',
} as const;
