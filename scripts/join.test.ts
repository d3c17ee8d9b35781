import { describe, expect, it } from '@jest/globals';
import { overlay } from './join.ts';

describe('the command line', () => {
  const file = { name: 'a', server: 'https://a.example.com', wireguard: { enabled: false, listen_port: 1 } };

  it('goes before the file, key by key', () => {
    expect(overlay(file, { name: 'b', wireguard: true }, undefined)).toEqual({
      ...file,
      name: 'b',
      wireguard: { enabled: true, listen_port: 1 },
    });
  });

  it('leaves the file alone where it says nothing', () => {
    expect(overlay(file, {}, undefined)).toEqual(file);
    const node = { ...file, node_token: 'f', claims: 'c' };
    expect(overlay(node, {}, undefined)).toEqual(node);
  });

  it('with a token stands in for whichever kind of token the file has', () => {
    expect(overlay({ ...file, node_token: 'f', claims: 'c' }, {}, 't')).toEqual({ ...file, auth_token: 't' });
  });

  it('leaves to the parser what is no map', () => {
    expect(overlay({ wireguard: 'yes' }, {}, undefined)).toEqual({ wireguard: 'yes' });
  });
});
