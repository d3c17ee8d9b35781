/** A UDP socket as the announcements need it: bound to one address, bytes out, bytes in with where they came from. */
import { createSocket } from 'node:dgram';
import { type Ipv4, isIpv4 } from '../mesh/ipv4.ts';

/** Receives one datagram. */
export type OnDatagram = (data: Uint8Array, from: { readonly address: Ipv4; readonly port: number }) => void;

/** An open socket. */
export interface Datagrams {
  /** Sends without waiting; a datagram that cannot be sent is lost like one that is dropped on the way. */
  send(data: Uint8Array, to: { readonly address: Ipv4; readonly port: number }): void;
  close(): Promise<void>;
}

/** Binds a socket. Rejects with the system's error, such as `EADDRINUSE`. */
export type BindDatagrams = (address: Ipv4, port: number, onDatagram: OnDatagram) => Promise<Datagrams>;

/** Binds a socket for real. */
export const bindDatagrams: BindDatagrams = async (address, port, onDatagram) => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  // Errors of single datagrams (an unreachable peer, a device that is being made again) are losses, not failures.
  socket.on('error', () => undefined);
  socket.on('message', (data, from) => {
    if (isIpv4(from.address)) onDatagram(data, { address: from.address, port: from.port });
  });
  return {
    send(data, to): void {
      socket.send(data, to.port, to.address, () => undefined);
    },
    close: () =>
      new Promise((resolve) => {
        socket.close(() => {
          resolve();
        });
      }),
  };
};
