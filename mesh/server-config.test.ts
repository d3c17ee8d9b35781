import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { serverConfigArbitrary } from '../test/property/config-arbitrary.ts';
import { problemsIn } from '../test/property/problems-in.ts';
import { parseServerConfig, renderServerConfig } from './server-config.ts';

const STRONG = '0123456789abcdef'.repeat(4);

function problems(document: unknown, lab = false): readonly string[] {
  return problemsIn(() => parseServerConfig(document, 'server.yaml', { lab }));
}

describe("the coordinator's configuration file", () => {
  it("the mission's server.yaml parses as it stands where its token will do", () => {
    const document: unknown = parse(`
# server.yaml
listen: ":8080"
auth_token: "your-token"

join_mesh:
  name: "all-in-one"
  wireguard:
    enabled: true
    listen_port: 51820
`);
    expect(parseServerConfig(document, 'server.yaml', { lab: true })).toEqual({
      listen: { host: null, port: 8080, tls: true },
      auth_token: 'your-token',
      join_root: null,
      token_verifier: null,
      data_dir: null,
      mesh_cidr: '172.30.0.0/16',
      domain_suffix: 'tunnelmesh',
      join_mesh: {
        name: 'all-in-one',
        data_dir: null,
        mesh: { listen_port: 51821, endpoint: null },
        wireguard: { enabled: true, listen_port: 51820, endpoint: null, data_dir: null },
      },
    });
  });

  it('a weak token is refused where others can connect, and only there', () => {
    const weak = { auth_token: 'your-token' };
    expect(problems({ ...weak, listen: ':8080' })).toEqual([
      'auth_token: "(not shown)"; allowed: at least 32 characters, 8 of them different, wherever others can connect; make one with: openssl rand -hex 32',
    ]);
    expect(problems({ ...weak, listen: '0.0.0.0:8080' })).toHaveLength(1);
    expect(problems({ ...weak, listen: '127.0.0.1:8080' })).toEqual([]);
    expect(problems({ ...weak, listen: '[::1]:8080' })).toEqual([]);
    expect(problems({ ...weak, listen: ':8080' }, true)).toEqual([]);
    expect(problems({ auth_token: STRONG, listen: ':8080' })).toEqual([]);
  });

  it('it recognises tokens by the token itself or by what is derived from it, never by both or neither', () => {
    const derived = { join_root: STRONG, token_verifier: STRONG };
    expect(problems({ listen: ':8080', ...derived })).toEqual([]);
    expect(problems({ listen: ':8080', ...derived, auth_token: STRONG })).toHaveLength(1);
    expect(problems({ listen: ':8080' })).toEqual([
      'auth_token: missing; allowed: auth_token, or join_root and token_verifier',
    ]);
    expect(problems({ listen: ':8080', join_root: STRONG })).toEqual([
      'token_verifier: missing; allowed: join_root and token_verifier together',
    ]);
    expect(problems({ listen: ':8080', auth_token: 'two words' })).toHaveLength(1);
  });

  it('every problem is reported at once, those between keys too', () => {
    expect(
      problems({
        listen: '8080',
        auth_token: STRONG,
        join_root: STRONG,
        mesh_cidr: '172.30.0.1/16',
        join_mesh: { name: 'hub', wiregaurd: { enabled: true }, wireguard: { listen_port: 70000 } },
      }).map((line) => line.slice(0, line.indexOf(':'))),
    ).toEqual(['listen', 'mesh_cidr', 'join_mesh.wireguard.listen_port', 'join_mesh.wiregaurd', 'auth_token']);
  });

  it('what is rendered parses to the same configuration', () => {
    fc.assert(
      fc.property(serverConfigArbitrary, (config) => {
        expect(parseServerConfig(renderServerConfig(config), 'server.yaml', { lab: true })).toEqual(config);
      }),
    );
  });
});
