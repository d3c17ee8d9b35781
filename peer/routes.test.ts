import { describe, expect, it } from '@jest/globals';
import type { RouteEntry } from '../mesh/entry.ts';
import { DEFAULT_MESH_CIDR } from '../mesh/address-plan.ts';
import { ipv4 } from '../test/fakes/example-mesh.ts';
import { Transcript } from '../test/fakes/transcript.ts';
import { applyRoutes, closeRoutes, openRoutes, parseRoutes, renderRoute, renderRouteRemoval } from './routes.ts';

const route = (scope: RouteEntry['scope'], destination: string, to: RouteEntry['to']): RouteEntry => ({
  table: 'route',
  scope,
  destination: ipv4(destination),
  to,
});
const OVERLAY = { overlay: ipv4('172.30.0.11') };
const OWN = ipv4('172.30.0.12');

/** As iproute2 6.1 prints it. */
const SHOWN = `unreachable default 
unreachable 172.30.100.5 
172.30.100.6 dev wg0 scope link src 172.30.0.12 
172.30.0.11 dev tm0 scope link src 172.30.0.12 
172.30.100.7  encap ip id 1 src 0.0.0.0 dst 172.30.0.11 ttl 0 tos 0 dev tmx scope link src 172.30.0.12 
10.0.0.0/8 dev eth0 scope link 
`;

describe('routes', () => {
  it('are written as ip-route(8) takes them', () => {
    expect(renderRoute(route('local', '172.30.100.5', OVERLAY), OWN)).toBe(
      'route replace 172.30.100.5/32 table 17230 encap ip id 1 dst 172.30.0.11 dev tmx src 172.30.0.12',
    );
    expect(renderRoute(route('forward', '172.30.100.5', OVERLAY), OWN)).toBe(
      'route replace 172.30.100.5/32 table 17231 encap ip id 1 dst 172.30.0.11 dev tmx',
    );
    expect(renderRoute(route('local', '172.30.0.11', { device: 'tm0' }), OWN)).toBe(
      'route replace 172.30.0.11/32 table 17230 dev tm0 src 172.30.0.12',
    );
    expect(renderRoute(route('forward', '172.30.100.5', 'unreachable'), OWN)).toBe(
      'route replace unreachable 172.30.100.5/32 table 17231',
    );
    expect(renderRouteRemoval(route('local', '172.30.100.5', 'unreachable'))).toBe(
      'route delete 172.30.100.5/32 table 17230',
    );
  });

  it('are read as ip prints them, and what is not ours is left out', () => {
    expect(parseRoutes(SHOWN, 'local')).toEqual([
      route('local', '172.30.100.5', 'unreachable'),
      route('local', '172.30.100.6', { device: 'wg0' }),
      route('local', '172.30.0.11', { device: 'tm0' }),
      route('local', '172.30.100.7', OVERLAY),
    ]);
  });

  it('of a change go in one batch, replacements first', async () => {
    const host = new Transcript([['ip -batch -', '']]);
    await applyRoutes(host.run, OWN, {
      replace: [route('forward', '172.30.100.5', { device: 'wg0' })],
      remove: [route('local', '172.30.100.6', OVERLAY)],
    });
    await applyRoutes(host.run, OWN, { replace: [], remove: [] });
    expect(host.lines).toEqual([
      'ip -batch -',
      '< route replace 172.30.100.5/32 table 17231 dev wg0',
      '< route delete 172.30.100.6/32 table 17230',
    ]);
  });
});

describe('rules', () => {
  const RULES = [
    '< rule add pref 17230 iif wg0 lookup 17231',
    '< rule add pref 17230 iif tm0 lookup 17231',
    '< rule add pref 17230 iif tmx lookup 17231',
    '< rule add pref 17231 to 172.30.0.0/16 lookup 17230',
  ];

  it('send what came in by our devices to the forward table and the mesh to the local one, and both tables end', async () => {
    const host = new Transcript([
      ['ip rule show', '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n'],
      ['ip -batch -', ''],
    ]);
    await openRoutes(host.run, DEFAULT_MESH_CIDR);
    expect(host.lines.slice(2)).toEqual([
      '< route replace unreachable default table 17230',
      '< route replace unreachable default table 17231',
      ...RULES,
    ]);
  });

  it('that are there are not added again', async () => {
    const shown = [
      '17230:\tfrom all iif wg0 lookup 17231',
      '17230:\tfrom all iif tm0 [detached] lookup 17231',
      '17231:\tfrom all to 172.30.0.0/16 lookup 17230',
    ];
    const host = new Transcript([
      ['ip rule show', `${shown.join('\n')}\n`],
      ['ip -batch -', ''],
    ]);
    await openRoutes(host.run, DEFAULT_MESH_CIDR);
    expect(host.lines.slice(4)).toEqual(['< rule add pref 17230 iif tmx lookup 17231']);
  });

  it('are taken away with the tables, whatever is missing', async () => {
    const host = new Transcript([
      ['ip -force -batch -', { exitCode: 1, output: 'RTNETLINK answers: No such process' }],
    ]);
    await closeRoutes(host.run, DEFAULT_MESH_CIDR);
    expect(host.lines.slice(1)).toEqual([
      ...RULES.map((rule) => rule.replace('add', 'delete')),
      '< route flush table 17230',
      '< route flush table 17231',
    ]);
  });
});
