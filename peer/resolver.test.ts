import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../host/clock.ts';
import { createLog } from '../host/log.ts';
import type { Start } from '../host/run.ts';
import type { HostEntry } from '../mesh/entry.ts';
import { ipv4 } from '../test/fakes/example-mesh.ts';
import { hostsFileOf, renderHosts, renderResolverCommand, Resolver } from './resolver.ts';

const host = (name: string, address: string): HostEntry => ({ table: 'host', name, address: ipv4(address) });

describe('the resolver', () => {
  let directory: string;
  let ends: ((how: string) => void)[];
  let warnings: string[];
  const start: Start = () => {
    let end: (how: string) => void = () => undefined;
    const ended = new Promise<string>((resolve) => (end = resolve));
    ends.push(end);
    return {
      pid: ends.length,
      ended,
      kill: (signal) => {
        end(`ended by ${signal}`);
      },
    };
  };
  const settings = () =>
    ({
      suffix: 'tunnelmesh',
      own: ipv4('172.30.0.11'),
      service: ipv4('172.30.0.1'),
      directory,
      user: 'nobody',
    }) as const;
  const opened = async (): Promise<Resolver> => {
    const log = createLog((line) => warnings.push(line));
    const clock = { ...systemClock, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) };
    const resolver = new Resolver(settings(), { start, clock, log });
    await resolver.open();
    return resolver;
  };
  const until = async (met: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await met())) await new Promise((resolve) => setImmediate(resolve));
  };

  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'tunnelmesh-resolver-')), 'hosts');
    ends = [];
    warnings = [];
  });

  afterEach(async () => {
    await rm(join(directory, '..'), { recursive: true, force: true });
  });

  it('is dnsmasq without rights, without the system’s configuration, for the mesh’s names', () => {
    expect(renderResolverCommand({ ...settings(), directory: '/run/h' }).join(' ')).toBe(
      'setpriv --pdeathsig=TERM --reuid=nobody --regid=nogroup --clear-groups dnsmasq ' +
        '--keep-in-foreground --log-facility=/dev/null --conf-file=/dev/null --pid-file= --no-hosts --hostsdir=/run/h --port=53530 --bind-interfaces ' +
        '--listen-address=127.0.0.1 --listen-address=172.30.0.11 --local=/tunnelmesh/ --local=/this.tm/ ' +
        '--bogus-priv --domain-needed --stop-dns-rebind --dns-loop-detect --cache-size=2000',
    );
    const alone = renderResolverCommand({ ...settings(), user: null });
    expect(alone.slice(0, 4)).toEqual(['setpriv', '--pdeathsig=TERM', 'dnsmasq', '--no-daemon']);
  });

  it('has its names in files that every user may read, sorted', async () => {
    const names = [host('nas', '172.30.0.5'), host('iphone', '172.30.100.2')];
    expect(renderHosts(names, 'tunnelmesh')).toBe('172.30.0.5 nas.tunnelmesh\n172.30.100.2 iphone.tunnelmesh\n');
    const resolver = await opened();
    expect(await readFile(join(directory, 'fixed'), 'utf8')).toBe('172.30.0.1 this.tm panel.tunnelmesh\n');
    expect((await stat(directory)).mode & 0o777).toBe(0o755);
    expect((await stat(join(directory, 'fixed'))).mode & 0o777).toBe(0o644);
    await resolver.close();
    await expect(stat(directory)).rejects.toThrow('ENOENT');
  });

  it('writes only the file of the name that changed', async () => {
    const resolver = await opened();
    const [nas, phone] = [host('nas', '172.30.0.5'), host('iphone', '172.30.100.2')];
    const file = (name: string): string => `names-${String(hostsFileOf(name))}`;
    await resolver.load([nas, phone]);
    expect((await readdir(directory)).sort()).toEqual(['fixed', file('nas'), file('iphone')].sort());
    const before = await stat(join(directory, file('nas')));
    await resolver.load([nas, phone]);
    resolver.change({ set: [], remove: [phone] });
    await until(async () => (await readFile(join(directory, file('iphone')), 'utf8')) === '');
    expect((await stat(join(directory, file('nas')))).ino).toBe(before.ino);
    await resolver.close();
  });

  it('starts with its first names, again when it dies, and not when it was closed', async () => {
    const resolver = await opened();
    expect(ends.length).toBe(0);
    await resolver.load([]);
    expect(ends.length).toBe(1);
    ends[0]?.('exit code 2');
    await until(() => ends.length === 2);
    expect(warnings).toEqual(['warn: the resolver ended and is started again how="exit code 2" pauseMs=200\n']);
    await resolver.close();
    expect(ends.length).toBe(2);
  });
});
