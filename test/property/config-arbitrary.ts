/** Arbitrary configurations of peers and coordinators, for property tests. */
import fc from 'fast-check';
import { renderClaims } from '../../mesh/claims.ts';
import { DEFAULT_MESH_CIDR } from '../../mesh/address-plan.ts';
import { type Listen, parseListen } from '../../mesh/listen.ts';
import type { PeerConfig, PeerCredential } from '../../mesh/peer-config.ts';
import type { ServerConfig, ServerCredential } from '../../mesh/server-config.ts';
import {
  cidrArbitrary,
  claimsArbitrary,
  endpointTextArbitrary,
  hex64Arbitrary,
  hostArbitrary,
  labelArbitrary,
  portArbitrary,
} from './value-arbitrary.ts';

const directory = fc.option(fc.constantFrom('/var/lib/tunnelmesh', '~/.tunnelmesh', '/tmp/a b/ü'));
const endpoint = fc.option(endpointTextArbitrary);

const joinMesh = fc
  .record({
    name: labelArbitrary,
    data_dir: directory,
    mesh: fc.record({ listen_port: portArbitrary, endpoint }),
    wireguard: fc.record({ enabled: fc.boolean(), listen_port: portArbitrary, endpoint, data_dir: directory }),
  })
  .filter(({ mesh, wireguard }) => mesh.listen_port !== wireguard.listen_port);

const peerCredential: fc.Arbitrary<PeerCredential> = fc.oneof(
  fc.record({ auth_token: hex64Arbitrary, node_token: fc.constant(null), claims: fc.constant(null) }),
  fc.record({
    auth_token: fc.constant(null),
    node_token: hex64Arbitrary,
    claims: claimsArbitrary.map(renderClaims),
  }),
  fc.constant({ auth_token: null, node_token: null, claims: null }),
);

export const peerConfigArbitrary: fc.Arbitrary<PeerConfig> = fc
  .tuple(
    joinMesh,
    fc.record({
      server: fc
        .tuple(hostArbitrary, fc.option(portArbitrary))
        .map(
          ([host, port]) =>
            `https://${host.includes(':') ? `[${host}]` : host}${port === null ? '' : `:${String(port)}`}`,
        ),
    }),
    peerCredential,
  )
  .map(([peer, server, credential]) => ({ ...peer, ...server, ...credential }));

const listen: fc.Arbitrary<Listen> = fc
  .tuple(fc.constantFrom('', '0.0.0.0', '127.0.0.1', '172.30.0.1', '[::1]', '[::]', '[2001:db8::1]'), portArbitrary)
  .map(([host, port]) => parseListen(`${host}:${String(port)}`))
  .filter((place) => place !== undefined);

const serverCredential: fc.Arbitrary<ServerCredential> = fc.oneof(
  fc.record({ auth_token: hex64Arbitrary, join_root: fc.constant(null), token_verifier: fc.constant(null) }),
  fc.record({ auth_token: fc.constant(null), join_root: hex64Arbitrary, token_verifier: hex64Arbitrary }),
);

export const serverConfigArbitrary: fc.Arbitrary<ServerConfig> = fc
  .tuple(
    fc.record({
      listen,
      data_dir: directory,
      mesh_cidr: fc.oneof(fc.constant(DEFAULT_MESH_CIDR), cidrArbitrary(8, 24)),
      domain_suffix: labelArbitrary,
      join_mesh: fc.option(joinMesh),
    }),
    serverCredential,
  )
  .map(([config, credential]) => ({ ...config, ...credential }));
