import { describe, expect, it } from '@jest/globals';
import { type PeerStatus, renderPeerTable, renderStatus } from './status.ts';

const STATUS: PeerStatus = {
  name: 'wg-eu',
  dns_name: 'wg-eu.tunnelmesh',
  address: '172.30.0.3',
  coordinator: {
    url: 'https://coord.example.com:8443',
    connected_since: '2026-01-01T00:00:00.000Z',
    last_heard_at: '2026-01-01T00:00:05.000Z',
  },
  revision: 12,
  applied_revision: 12,
  data_plane: 'kernel',
  wireguard: {
    enabled: true,
    device: 'wg0',
    listen_port: 51820,
    public_key: 'KEY',
    endpoint: '203.0.113.3:51820',
    clients: { known: 3, attached: 2, recent: 1 },
  },
  mesh: { peers: 1 },
};

describe('status', () => {
  it('a gateway’s status is this text', () => {
    expect(renderStatus(STATUS)).toBe(`Name:         wg-eu.tunnelmesh
Address:      172.30.0.3
Coordinator:  https://coord.example.com:8443, connected since 2026-01-01T00:00:00.000Z
Revision:     12
Data plane:   kernel
Mesh:         1 other peer
WireGuard: enabled
  Device:      wg0, UDP port 51820
  Public key:  KEY
  Endpoint:    203.0.113.3:51820
  Clients:     3 known, 2 attached here, 1 heard in the last 3 minutes
`);
  });

  it('a peer without concentrator, joining or out of touch, says so', () => {
    const away: PeerStatus = {
      ...STATUS,
      dns_name: null,
      address: null,
      coordinator: { ...STATUS.coordinator, connected_since: null },
      applied_revision: 11,
      wireguard: { enabled: false },
    };
    const text = renderStatus(away);
    expect(text).toContain('wg-eu (joining)');
    expect(text).toContain('not connected; last heard at 2026-01-01T00:00:05.000Z');
    expect(text).toContain('12, of which 11 is on the devices');
    expect(text).toContain('WireGuard: disabled\n');
  });

  it('the peers are a table with this one marked', () => {
    const common = { dns_name: '', coordinator: false, wireguard_endpoint: null, this_peer: false };
    expect(
      renderPeerTable({
        peers: [
          { ...common, name: 'coord', address: '172.30.0.1', mesh_endpoint: '203.0.113.1:51821', coordinator: true },
          {
            ...common,
            name: 'wg-eu',
            address: '172.30.0.3',
            mesh_endpoint: '203.0.113.3:51821',
            wireguard_endpoint: '203.0.113.3:51820',
            this_peer: true,
          },
        ],
      }),
    ).toBe(`NAME     ADDRESS     MESH ENDPOINT      WIREGUARD ENDPOINT  ROLE
coord    172.30.0.1  203.0.113.1:51821  -                   coordinator
wg-eu *  172.30.0.3  203.0.113.3:51821  203.0.113.3:51820   gateway
`);
  });
});
