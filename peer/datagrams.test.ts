import { describe, expect, it } from '@jest/globals';
import type { Ipv4 } from '../mesh/ipv4.ts';
import { ANNOUNCE_PORT } from './announcement.ts';
import { bindDatagrams } from './datagrams.ts';

/** An address on the loopback interface that no other test process uses. */
const loopback = (n: number): Ipv4 =>
  `127.${String((process.pid >> 8) & 255)}.${String(process.pid & 255)}.${String(n)}` as Ipv4;

describe('datagrams', () => {
  it('arrive with the address that the sender is bound to, and one that cannot be sent is only lost', async () => {
    const [here, there] = [loopback(1), loopback(2)];
    let arrive: (datagram: unknown) => void = () => undefined;
    const arrived = new Promise((resolve) => {
      arrive = resolve;
    });
    const receiver = await bindDatagrams(there, ANNOUNCE_PORT, (data, from) => {
      arrive([Buffer.from(data).toString('utf8'), from]);
    });
    const sender = await bindDatagrams(here, ANNOUNCE_PORT, () => undefined);
    sender.send(Buffer.from('lost'), { address: '240.0.0.1' as Ipv4, port: ANNOUNCE_PORT });
    sender.send(Buffer.from('hello'), { address: there, port: ANNOUNCE_PORT });
    expect(await arrived).toEqual(['hello', { address: here, port: ANNOUNCE_PORT }]);
    await expect(bindDatagrams(here, ANNOUNCE_PORT, () => undefined)).rejects.toThrow('EADDRINUSE');
    await sender.close();
    await receiver.close();
  });
});
