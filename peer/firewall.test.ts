import { describe, expect, it } from '@jest/globals';
import { DEFAULT_MESH_CIDR } from '../mesh/address-plan.ts';
import type { SetEntry } from '../mesh/entry.ts';
import { ipv4 } from '../test/fakes/example-mesh.ts';
import { Transcript } from '../test/fakes/transcript.ts';
import { type FirewallSettings, parseNewcomers, renderElements, renderFirewall, takeNewcomers } from './firewall.ts';

const SETTINGS: FirewallSettings = {
  cidr: DEFAULT_MESH_CIDR,
  own: ipv4('172.30.0.11'),
  service: ipv4('172.30.0.1'),
  concentrator: ipv4('172.30.100.1'),
  resolverPort: 53530,
};
const here = (address: string): SetEntry => ({ table: 'set', set: 'here4', element: [ipv4(address)] });
const may = (outer: string, inner: string): SetEntry => ({
  table: 'set',
  set: 'may4',
  element: [ipv4(outer), ipv4(inner)],
});

const LISTED = (elements: string): string =>
  `{"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}, {"set": {"family": "inet", "name": "new4",
    "table": "tunnelmesh", "type": "ipv4_addr", "handle": 4, "size": 4096, "flags": ["timeout", "dynamic"],
    "timeout": 60${elements}}}]}`;

describe('the firewall', () => {
  it('is this table', () => {
    expect(renderFirewall(SETTINGS, [here('172.30.100.5'), here('172.30.100.6'), may('172.30.0.12', '172.30.100.7')]))
      .toBe(`table inet tunnelmesh
delete table inet tunnelmesh
table inet tunnelmesh {
  set here4 {
    typeof ip saddr
    elements = { 172.30.100.5, 172.30.100.6 }
  }
  set peers4 {
    typeof ip saddr
  }
  set may4 {
    typeof ip saddr . @th,224,32
    elements = { 172.30.0.12 . 0xac1e6407 }
  }
  set new4 {
    typeof ip saddr
    size 4096
    flags dynamic,timeout
    timeout 1m
  }

  chain sources {
    type filter hook prerouting priority raw; policy accept;
    # The mesh comes in by our devices and by no other.
    iifname != { "lo", "wg0", "tm0", "tmx" } ip saddr 172.30.0.0/16 drop
    iifname != { "lo", "wg0", "tm0", "tmx" } ip daddr 172.30.0.0/16 drop
    # A client that is not attached here is noted for the daemon and waits. Two rules: a full set ends the first one.
    iifname "wg0" ip saddr != @here4 update @new4 { ip saddr }
    iifname "wg0" ip saddr != @here4 drop
    iifname { "wg0", "tm0", "tmx" } meta nfproto ipv6 drop
  }

  chain resolver {
    type nat hook prerouting priority dstnat; policy accept;
    iifname { "wg0", "tm0", "tmx" } ip daddr { 172.30.0.1, 172.30.0.11, 172.30.100.1 } meta l4proto { tcp, udp } th dport 53 dnat ip to 172.30.0.11:53530
  }

  chain resolver_own {
    type nat hook output priority -100; policy accept;
    ip daddr { 172.30.0.1, 172.30.0.11 } meta l4proto { tcp, udp } th dport 53 dnat ip to 172.30.0.11:53530
  }

  chain overlay {
    # IPv4 inside, our number, and an inner source that this peer may speak for.
    iifname "tm0" @th,88,8 1 @th,96,24 1 ip saddr . @th,224,32 @may4 accept
    drop
  }

  chain input {
    type filter hook input priority filter; policy accept;
    udp dport 4790 jump overlay
    # Own addresses outside the mesh, public ones too, are not reached through it.
    iifname { "wg0", "tm0", "tmx" } ip daddr != 172.30.0.0/16 drop
    iifname != { "lo", "wg0", "tm0", "tmx" } meta l4proto { tcp, udp } th dport 53530 drop
  }

  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname { "wg0", "tm0", "tmx" } tcp flags syn tcp option maxseg size set rt mtu
    iifname "wg0" oifname "tmx" ip saddr @here4 ip daddr @peers4 accept
    iifname "tmx" oifname "wg0" ip saddr @peers4 ip daddr @here4 accept
    iifname "wg0" reject with icmpx admin-prohibited
    iifname { "wg0", "tm0", "tmx" } drop
    oifname { "wg0", "tm0", "tmx" } drop
  }
}
`);
  });

  it('is changed by elements, additions first, inner sources as integers', () => {
    expect(
      renderElements({
        add: [may('172.30.0.12', '172.30.100.5'), may('172.30.0.12', '172.30.100.6')],
        remove: [here('172.30.100.5')],
      }),
    ).toBe(
      'add element inet tunnelmesh may4 { 172.30.0.12 . 0xac1e6405, 172.30.0.12 . 0xac1e6406 }\n' +
        'delete element inet tunnelmesh here4 { 172.30.100.5 }\n',
    );
    expect(renderElements({ add: [], remove: [] })).toBe('');
  });

  it('lists newcomers with and without their time', () => {
    expect(parseNewcomers(LISTED(''))).toEqual([]);
    expect(
      parseNewcomers(
        LISTED(', "elem": [{"elem": {"val": "172.30.100.5", "timeout": 60, "expires": 59}}, "172.30.100.6"]'),
      ),
    ).toEqual(['172.30.100.5', '172.30.100.6']);
  });

  it('gives newcomers once, by name; none costs one command', async () => {
    const list = 'nft -j list set inet tunnelmesh new4';
    const host = new Transcript([
      [list, LISTED(', "elem": ["172.30.100.5", "172.30.100.6"]')],
      ['nft -f -', ''],
    ]);
    expect(await takeNewcomers(host.run)).toEqual(['172.30.100.5', '172.30.100.6']);
    expect(host.lines).toEqual([
      list,
      'nft -f -',
      '< delete element inet tunnelmesh new4 { 172.30.100.5, 172.30.100.6 }',
    ]);
    expect(await takeNewcomers(new Transcript([[list, LISTED('')]]).run)).toEqual([]);
  });
});
