/**
 * A client's configuration as a QR code (ISO/IEC 18004), the whole text and nothing around it: the WireGuard apps on
 * iOS and Android read exactly that. As dense as it must be and no denser, since old cameras fail on small modules.
 */
import QRCode, { type QRCode as Matrix } from 'qrcode';

/** Longest text that becomes a QR code, in bytes. Beyond about 1 kB phones fail to scan; hand out the file instead. */
export const QR_MAX_BYTES = 1_000;

/** Light modules around the code, as the standard asks (ISO/IEC 18004 §5.3.8). */
export const QR_QUIET_ZONE = 4;

/** Pixels per module of an image: five scan from a screen at arm's length. */
const PIXELS_PER_MODULE = 5;

/** A QR code before it is drawn. */
export interface QrCode {
  readonly text: string;
  /** 1 to 40; the code is 17 + 4 × version modules wide. */
  readonly version: number;
  /** L corrects 7 % of the code, M 15 %; M is taken where it makes the code no wider. */
  readonly correction: 'L' | 'M';
  /** Modules of one side, without the quiet zone. */
  readonly size: number;
  /** Says whether the module is dark; everything outside is light. */
  isDark(row: number, column: number): boolean;
}

/**
 * The text as a QR code.
 * @throws RangeError above {@link QR_MAX_BYTES}
 */
export function encodeQr(text: string): QrCode {
  const bytes = Buffer.byteLength(text);
  if (bytes > QR_MAX_BYTES)
    throw new RangeError(
      `${String(bytes)} bytes are too many for a QR code that phones can scan; allowed: ${String(QR_MAX_BYTES)}. Use the file instead.`,
    );
  const low = QRCode.create(text, { errorCorrectionLevel: 'L' });
  const medium = QRCode.create(text, { errorCorrectionLevel: 'M' });
  return medium.version === low.version ? qrCode(text, medium, 'M') : qrCode(text, low, 'L');
}

function qrCode(text: string, matrix: Matrix, correction: 'L' | 'M'): QrCode {
  const { size, data } = matrix.modules;
  return {
    text,
    version: matrix.version,
    correction,
    size,
    isDark: (row, column) => row >= 0 && row < size && column >= 0 && column < size && data[row * size + column] === 1,
  };
}

/** ANSI: black on white from the 256-colour cube, which themes leave alone (ECMA-48 §8.3.117 and xterm's extension). */
const BLACK_ON_WHITE = '\u001b[38;5;16;48;5;231m';
const RESET = '\u001b[0m';

/**
 * The code for a terminal, two modules a character, quiet zone included.
 * @param colour - draw black on white whatever the terminal's theme; without it the light modules are the characters,
 * which is right on dark terminals
 */
export function renderQrTerminal(code: QrCode, colour: boolean): string {
  const glyphs = colour ? [' ', '▀', '▄', '█'] : ['█', '▄', '▀', ' '];
  const [first, last] = [-QR_QUIET_ZONE, code.size + QR_QUIET_ZONE];
  let text = '';
  for (let row = first; row < last; row += 2) {
    let line = '';
    for (let column = first; column < last; column += 1)
      line += glyphs[(code.isDark(row, column) ? 1 : 0) + (code.isDark(row + 1, column) ? 2 : 0)] ?? '';
    text += colour ? `${BLACK_ON_WHITE}${line}${RESET}\n` : `${line}\n`;
  }
  return text;
}

/** The code as a PNG image. */
export function renderQrPng(code: QrCode): Promise<Uint8Array> {
  return QRCode.toBuffer(code.text, {
    errorCorrectionLevel: code.correction,
    margin: QR_QUIET_ZONE,
    scale: PIXELS_PER_MODULE,
  });
}
