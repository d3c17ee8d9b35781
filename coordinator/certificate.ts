/** X.509 v3 certificates (RFC 5280) of the one kind the mesh needs: ECDSA on P-256 with SHA-256 (RFC 5758 §3.2). */
import { type KeyObject, createPublicKey, sign } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Certificate,
  Extension,
  Extensions,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import type { RandomBytes } from '../mesh/key.ts';

/** Object identifier of ecdsa-with-SHA256, RFC 5758 §3.2. */
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

/** Object identifier of the attribute commonName, RFC 5280 appendix A.1. */
const COMMON_NAME = '2.5.4.3';

/** Length of a serial number in bytes: within the 20 of RFC 5280 §4.1.2.2, and far more than can ever collide. */
const SERIAL_BYTES = 16;

/** What a certificate says. */
export interface CertificateContent {
  /** Common name of the holder. */
  readonly subject: string;
  /** Common name of the signer; the subject itself for a root. */
  readonly issuer: string;
  /** Milliseconds since 1970; X.509 keeps whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: readonly Extension[];
}

/** An extension with its value as an ASN.1 object (RFC 5280 §4.2). */
export function extension(extnID: string, critical: boolean, value: object): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

/** The public half of a key as it stands in a certificate (RFC 5280 §4.1.2.7). */
export function subjectPublicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  const publicKey = key.type === 'public' ? key : createPublicKey(key);
  return AsnConvert.parse(publicKey.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo);
}

/** The certificate of `holder`'s key, signed with `signer`, as PEM (RFC 7468). */
export function issueCertificate(
  content: CertificateContent,
  holder: KeyObject,
  signer: KeyObject,
  random: RandomBytes,
): string {
  const signature = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(random),
    signature,
    issuer: commonName(content.issuer),
    validity: new Validity({
      notBefore: new Date(content.notBefore),
      notAfter: new Date(content.notAfter),
    }),
    subject: commonName(content.subject),
    subjectPublicKeyInfo: subjectPublicKeyInfo(holder),
    extensions: new Extensions([...content.extensions]),
  });
  const signatureValue = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), signer);
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: signature,
    signatureValue: Uint8Array.from(signatureValue).buffer,
  });
  return pem('CERTIFICATE', Buffer.from(AsnConvert.serialize(certificate)));
}

function commonName(text: string): Name {
  const value = new AttributeValue({ utf8String: text });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])]);
}

/** Positive and without leading zeros, as DER wants an integer: the top bits are 01. */
function serialNumber(random: RandomBytes): ArrayBuffer {
  const bytes = Uint8Array.from(random(SERIAL_BYTES));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.buffer;
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
