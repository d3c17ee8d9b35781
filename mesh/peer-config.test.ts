import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { renderClaims } from './claims.ts';
import { coordinatorUrl, isServerUrl, parsePeerConfig, renderPeerConfig } from './peer-config.ts';
import { problemsIn } from '../test/property/problems-in.ts';
import fc from 'fast-check';
import { peerConfigArbitrary } from '../test/property/config-arbitrary.ts';

const MINIMAL = { name: 'wg-gateway', server: 'https://coord.example.com', auth_token: 'your-token' };

function problems(document: unknown): readonly string[] {
  return problemsIn(() => parsePeerConfig(document, 'peer.yaml'));
}

describe('the peer configuration file', () => {
  it("the mission's full peer configuration parses as it stands", () => {
    const document: unknown = parse(`
name: "wg-gateway"
server: "https://coord.example.com"    # Coordination server (HTTPS)
auth_token: "your-64-char-hex-token"

wireguard:
  enabled: true
  listen_port: 51820
  endpoint: "203.0.113.50:51820"
  data_dir: "/var/lib/tunnelmesh/wireguard"
`);
    expect(parsePeerConfig(document, 'peer.yaml')).toEqual({
      name: 'wg-gateway',
      server: 'https://coord.example.com',
      auth_token: 'your-64-char-hex-token',
      node_token: null,
      claims: null,
      data_dir: null,
      mesh: { listen_port: 51821, endpoint: null },
      wireguard: {
        enabled: true,
        listen_port: 51820,
        endpoint: '203.0.113.50:51820',
        data_dir: '/var/lib/tunnelmesh/wireguard',
      },
    });
  });

  it('without a wireguard section there is no concentrator', () => {
    expect(parsePeerConfig(MINIMAL, 'peer.yaml').wireguard).toEqual({
      enabled: false,
      listen_port: 51820,
      endpoint: null,
      data_dir: null,
    });
  });

  it.each([[''], [null], [undefined]])('an endpoint of %p is the address that the coordinator sees', (endpoint) => {
    expect(parsePeerConfig({ ...MINIMAL, wireguard: { endpoint } }, 'peer.yaml').wireguard.endpoint).toBeNull();
  });

  it('the name is folded to its label', () => {
    expect(parsePeerConfig({ ...MINIMAL, name: "Zoë's Server" }, 'peer.yaml').name).toBe('zoes-server');
  });

  it('every problem is reported at once, with its place, the value and what is allowed', () => {
    expect(
      problems({
        ...MINIMAL,
        name: 'this',
        server: 'http://coord.example.com',
        wiregaurd: { enabled: true },
        wireguard: { enabled: 'yes', listen_port: 70000, endpoint: 'wg.example.com' },
      }),
    ).toEqual([
      'name: "this"; allowed: a name that folds to a DNS label of 1 to 63 of a-z, 0-9 and -, but not to this, panel, localhost',
      'server: "http://coord.example.com"; allowed: the https:// URL of a host, with or without a port, such as https://coord.example.com:8443',
      'wireguard.enabled: "yes"; allowed: true or false',
      'wireguard.listen_port: 70000; allowed: a port, 1-65535',
      'wireguard.endpoint: "wg.example.com"; allowed: host:port, such as 203.0.113.50:51820 or wg.example.com:51820; or empty',
      'wiregaurd: {"enabled":true}; allowed: no such key; did you mean "wireguard"? (known: name, server, auth_token, node_token, claims, data_dir, mesh, wireguard)',
    ]);
  });

  it('a refused document never has its secrets repeated', () => {
    const secret = 'hunter2 hunter2';
    expect(problems({ ...MINIMAL, auth_token: secret })).not.toContain('hunter2');
    expect(problems({ ...MINIMAL, auth_tokn: secret })).not.toContain('hunter2');
    expect(problems({ ...MINIMAL, name: { auth_token: secret } })).not.toContain('hunter2');
    expect(problems(`auth_token ${secret}`)).not.toContain('hunter2');
  });

  it('a node token comes with the claims it was made for, and not beside an operator token', () => {
    const node_token = 'ab'.repeat(32);
    const claims = renderClaims({
      coordinator: false,
      wireguard: true,
      exit: false,
      routes: [],
      aliases: [],
      generation: 0,
    });
    const { auth_token, ...anonymous } = MINIMAL;
    expect(parsePeerConfig({ ...anonymous, node_token, claims }, 'peer.yaml')).toMatchObject({ node_token, claims });
    expect(problems({ ...anonymous, node_token })).toEqual([
      'claims: missing; allowed: the claims that node_token was made for',
    ]);
    expect(problems({ ...anonymous, claims })).toHaveLength(1);
    expect(problems({ ...MINIMAL, auth_token, node_token, claims })).toEqual([
      'node_token: "(not shown)"; allowed: either auth_token or node_token, not both',
    ]);
  });

  it('concentrator and mesh device cannot share a port', () => {
    const wireguard = { enabled: true, listen_port: 51821 };
    expect(problems({ ...MINIMAL, wireguard })).toEqual([
      'wireguard.listen_port: 51821; allowed: a port other than mesh.listen_port',
    ]);
    expect(problems({ ...MINIMAL, wireguard, mesh: { listen_port: 51822 } })).toEqual([]);
  });

  it('what is rendered parses to the same configuration', () => {
    fc.assert(
      fc.property(peerConfigArbitrary, (config) => {
        expect(parsePeerConfig(renderPeerConfig(config), 'peer.yaml')).toEqual(config);
      }),
    );
  });
});

describe('the coordinator as peers reach it', () => {
  it.each([
    ['https://coord.example.com', 'https://coord.example.com:8443'],
    ['https://coord.example.com/', 'https://coord.example.com:8443'],
    ['https://coord.example.com:443', 'https://coord.example.com:8443'],
    ['https://coord.example.com:8080', 'https://coord.example.com:8080'],
    ['HTTPS://Coord.Example.com', 'https://coord.example.com:8443'],
    ['https://203.0.113.7:8443', 'https://203.0.113.7:8443'],
    ['https://[2001:db8::1]', 'https://[2001:db8::1]:8443'],
  ])('%s is %s', (server, url) => {
    expect(isServerUrl(server)).toBe(true);
    expect(coordinatorUrl(server)).toBe(url);
  });

  it.each([
    'http://coord.example.com',
    'coord.example.com',
    'https://',
    'https:///coord.example.com',
    'https://user@coord.example.com',
    'https://coord.example.com/mesh',
    'https://coord.example.com?x=1',
    'https://coord.example.com:0',
    'https://coord.example.com:65536',
    'https://$(reboot)',
  ])('%s is no coordinator', (server) => {
    expect(isServerUrl(server)).toBe(false);
  });
});
