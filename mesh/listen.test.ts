import { describe, expect, it } from '@jest/globals';
import { parseListen, renderListen } from './listen.ts';

describe('where a server listens', () => {
  it.each([
    [':8080', { host: null, port: 8080, tls: true }],
    ['0.0.0.0:8080', { host: '0.0.0.0', port: 8080, tls: true }],
    ['172.30.0.1:443', { host: '172.30.0.1', port: 443, tls: true }],
    ['[::]:8080', { host: '::', port: 8080, tls: true }],
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080, tls: false }],
    ['127.8.9.1:8080', { host: '127.8.9.1', port: 8080, tls: false }],
    ['[::1]:8080', { host: '::1', port: 8080, tls: false }],
  ])('%s is read, and speaks TLS everywhere but on loopback', (text, listen) => {
    expect(parseListen(text)).toEqual(listen);
    expect(renderListen(listen)).toBe(text);
  });

  it('an IPv6 address is known by its canonical form, so that loopback cannot be spelled as something else', () => {
    expect(parseListen('[0:0:0:0:0:0:0:1]:8080')).toEqual({ host: '::1', port: 8080, tls: false });
  });

  it.each(['', '8080', ':0', ':65536', ':x', 'localhost:8080', '::1:8080', '[::1]', '[127.0.0.1]:1', '1.2.3:1', ' :1'])(
    '"%s" is refused',
    (text) => {
      expect(parseListen(text)).toBeUndefined();
    },
  );
});
