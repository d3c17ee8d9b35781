import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { announcementsOf, MAX_DATAGRAM_BYTES, parseDatagram, renderDatagram } from './announcement.ts';

const attachment = fc.record({
  client: fc.string({ maxLength: 60 }),
  gateway: fc.constant('p1'),
  sequence: fc.maxSafeNat(),
});

describe('announcements', () => {
  it('every attachment is in exactly one datagram, in order, and no datagram is too large', () => {
    fc.assert(
      fc.property(fc.array(attachment, { maxLength: 200 }), (attachments) => {
        let ids = 0;
        const datagrams = announcementsOf('p1', attachments, () => (ids += 1).toString(16).padStart(16, '0'));
        const seen = datagrams.flatMap((datagram) => {
          const bytes = renderDatagram(datagram);
          expect(bytes.length).toBeLessThanOrEqual(MAX_DATAGRAM_BYTES);
          const parsed = parseDatagram(bytes);
          expect(parsed).toEqual(datagram);
          return parsed?.type === 'attach' ? parsed.clients : [];
        });
        expect(seen).toEqual(attachments.map(({ client, sequence }) => [client, sequence]));
        expect(new Set(datagrams.map((datagram) => datagram.id)).size).toBe(datagrams.length);
      }),
    );
  });

  it('bytes that are no datagram are none', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => parseDatagram(bytes) === undefined));
    expect(parseDatagram(Buffer.from('{"type":"ack","id":"0000000000000001","more":1}'))).toBeUndefined();
    expect(parseDatagram(Buffer.from(`{"type":"ack","id":"0000000000000001"}${' '.repeat(1_200)}`))).toBeUndefined();
  });
});
