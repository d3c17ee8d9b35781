import { describe, expect, it } from '@jest/globals';
import { parseClaims } from '../mesh/claims.ts';
import { isServerUrl } from '../mesh/peer-config.ts';
import { parseServerConfig, type ServerConfig } from '../mesh/server-config.ts';
import { joinRoot, nodeToken } from '../mesh/token.ts';
import { doorsOf, ownPeer, trustOf } from './serve.ts';

const TOKEN = '0123456789abcdef'.repeat(4);

function config(document: Record<string, unknown>): ServerConfig {
  return parseServerConfig({ listen: ':8080', auth_token: TOKEN, ...document }, 'server.yaml', { lab: false });
}

describe('the coordinator', () => {
  it('listens where it is told and always at the peers’ door', () => {
    expect(doorsOf(config({}), 'server.yaml')).toEqual([
      { host: null, port: 8080, tls: true },
      { host: null, port: 8443, tls: true },
    ]);
  });

  it('that listens on loopback is reached there alone, by its own peer too', () => {
    const local = config({ listen: '127.0.0.1:8080', auth_token: 'your-token', join_mesh: { name: 'all-in-one' } });
    expect(doorsOf(local, 'server.yaml')).toEqual([
      { host: '127.0.0.1', port: 8080, tls: false },
      { host: '127.0.0.1', port: 8443, tls: true },
    ]);
    if (!local.join_mesh) throw new Error('join_mesh is there');
    expect(ownPeer(local, local.join_mesh, trustOf(local), '/data').server).toBe('https://127.0.0.1:8443');
  });

  it('opens one door where the two are the same, and refuses two at one port', () => {
    expect(doorsOf(config({ listen: ':8443' }), 'server.yaml')).toEqual([{ host: null, port: 8443, tls: true }]);
    expect(() => doorsOf(config({ listen: '10.0.0.1:8443' }), 'server.yaml')).toThrow('listen: "10.0.0.1:8443"');
  });

  it('recognises tokens alike, whether it was given the token or what is derived from it', () => {
    const trust = trustOf(config({}));
    const derived = config({ auth_token: null, join_root: trust.joinRoot, token_verifier: trust.verifier });
    expect(trustOf(derived)).toEqual(trust);
    expect(trust.joinRoot).toBe(joinRoot(TOKEN));
  });

  it('has a peer that joins as the coordinator node, without the operator’s token', () => {
    const server = config({ join_mesh: { name: 'all-in-one', wireguard: { enabled: true } } });
    if (!server.join_mesh) throw new Error('join_mesh is there');
    const trust = trustOf(server);
    const peer = ownPeer(server, server.join_mesh, trust, '/data');
    expect(peer.auth_token).toBeNull();
    expect(parseClaims(peer.claims ?? '')).toMatchObject({ coordinator: true, wireguard: true, exit: false });
    expect(peer.node_token).toBe(nodeToken(trust.joinRoot, server.join_mesh.name, peer.claims ?? ''));
    expect(isServerUrl(peer.server)).toBe(true);
    expect(JSON.stringify(peer)).not.toContain(TOKEN);
  });
});
