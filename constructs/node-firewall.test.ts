import { describe, expect, it } from '@jest/globals';
import { type Doors, inboundRules } from './node-firewall.ts';

const ANYWHERE = ['0.0.0.0/0', '::/0'];
const MESH = { protocol: 'udp', portRange: '51821', sourceAddresses: ANYWHERE };
const CLOSED: Doors = { coordinator: false, wireguardPort: null, sshFrom: [], ping: false };

describe('a firewall', () => {
  it('opens the mesh port of a node without roles, and nothing else', () => {
    expect(inboundRules(CLOSED)).toEqual([MESH]);
  });

  it.each<[string, Partial<Doors>, string, string]>([
    ['a coordinator', { coordinator: true }, 'tcp', '8443'],
    ['a gateway', { wireguardPort: 51820 }, 'udp', '51820'],
    ['a gateway on another port', { wireguardPort: 443 }, 'udp', '443'],
  ])('opens one more door for %s, to everybody', (_, doors, protocol, portRange) => {
    const rules = inboundRules({ ...CLOSED, ...doors });
    expect(rules).toHaveLength(2);
    expect(rules).toEqual(expect.arrayContaining([MESH, { protocol, portRange, sourceAddresses: ANYWHERE }]));
  });

  it('answers a ping where something outside watches the node', () => {
    expect(inboundRules({ ...CLOSED, ping: true })).toEqual([MESH, { protocol: 'icmp', sourceAddresses: ANYWHERE }]);
  });

  it('opens SSH to the networks named for it, and to nobody else', () => {
    expect(inboundRules({ ...CLOSED, sshFrom: ['198.51.100.0/24'] })).toEqual([
      MESH,
      { protocol: 'tcp', portRange: '22', sourceAddresses: ['198.51.100.0/24'] },
    ]);
  });
});
