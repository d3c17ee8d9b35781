import { describe, expect, it } from '@jest/globals';
import { encodeQr, QR_MAX_BYTES, type QrCode, renderQrPng, renderQrTerminal } from './qr-code.ts';

/** ISO/IEC 18004 table 9, byte capacity of a version at a level: the last length that fits. */
const CAPACITY = { 'v1-M': 14, 'v10-L': 271, 'v11-L': 321 } as const;

/**
 * Error correction as the symbol itself says it: the first two of the fifteen format bits, which stand at row 8 from
 * column 0 on and are masked with 101010000010010 (ISO/IEC 18004 §7.9).
 */
function correctionInSymbol(code: QrCode): string {
  const bits = [code.isDark(8, 0) ? 1 : 0, code.isDark(8, 1) ? 1 : 0].map((bit, index) => bit ^ (index === 0 ? 1 : 0));
  return { '01': 'L', '00': 'M', '11': 'Q', '10': 'H' }[bits.join('')] ?? '';
}

/** A text that only byte mode can hold. */
const bytes = (count: number): string => 'a'.repeat(count);

describe('a QR code', () => {
  it('corrects more where that makes it no wider, and less where it would', () => {
    const small = encodeQr(bytes(CAPACITY['v1-M']));
    expect([small.version, small.correction, correctionInSymbol(small)]).toEqual([1, 'M', 'M']);
    const full = encodeQr(bytes(CAPACITY['v1-M'] + 1));
    expect([full.version, full.correction, correctionInSymbol(full)]).toEqual([1, 'L', 'L']);
    expect(encodeQr(bytes(CAPACITY['v10-L'])).version).toBe(10);
    expect(encodeQr(bytes(CAPACITY['v10-L'] + 1)).version).toBe(11);
    expect(encodeQr(bytes(CAPACITY['v11-L'])).version).toBe(11);
  });

  it('is 17 + 4 × version modules wide, with the three finder patterns where they belong', () => {
    const code = encodeQr(bytes(100));
    expect(code.size).toBe(17 + 4 * code.version);
    const finder = [0, 1, 2, 3, 4, 5, 6].map((i) => [code.isDark(0, i), code.isDark(i, code.size - 1)]);
    expect(finder.flat().every(Boolean)).toBe(true);
    expect([code.isDark(7, 0), code.isDark(-1, 0), code.isDark(0, code.size)]).toEqual([false, false, false]);
  });

  it('is refused with the reason when phones could not scan it', () => {
    expect(encodeQr(bytes(QR_MAX_BYTES)).version).toBeLessThanOrEqual(25);
    expect(() => encodeQr(bytes(QR_MAX_BYTES + 1))).toThrow('1001 bytes are too many');
  });

  it('as an image has a quiet zone of four modules of five pixels', async () => {
    const code = encodeQr(bytes(100));
    const png = Buffer.from(await renderQrPng(code));
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual(Array(2).fill((code.size + 8) * 5));
  });

  it('on a terminal keeps its quiet zone and draws every module', () => {
    const code = encodeQr(bytes(100));
    const lines = renderQrTerminal(code, false).trimEnd().split('\n');
    expect(lines.map((line) => line.length)).toEqual(Array(Math.ceil((code.size + 8) / 2)).fill(code.size + 8));
    expect(lines.slice(0, 2)).toEqual(Array(2).fill('█'.repeat(code.size + 8)));
    for (let row = 0; row < code.size; row += 1)
      for (let column = 0; column < code.size; column += 1) {
        const glyph = lines[(row + 4) >> 1]?.[column + 4] ?? '';
        expect((row % 2 === 0 ? ' ▄' : ' ▀').includes(glyph)).toBe(code.isDark(row, column));
      }
  });

  it('on a coloured terminal is black on white whatever the theme', () => {
    const lines = renderQrTerminal(encodeQr('x'), true).trimEnd().split('\n');
    for (const line of lines) expect(line).toMatch(/^\u001b\[38;5;16;48;5;231m[ ▀▄█]+\u001b\[0m$/);
  });
});
