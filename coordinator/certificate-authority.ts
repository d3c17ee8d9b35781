/**
 * The mesh CA: made once by the coordinator, kept in its data directory, and good for nothing but the mesh. Critical name
 * constraints permit the mesh's own DNS names and addresses only, so that a device which trusts this CA trusts it for
 * no other site.
 */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  type Extension,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  NameConstraints,
  SubjectKeyIdentifier,
} from '@peculiar/asn1-x509';
import { readFileIfThere, SECRET_FILE_MODE, writeFileAtomic } from '../host/files.ts';
import { COORDINATOR_NAME } from '../mesh/join.ts';
import type { RandomBytes } from '../mesh/key.ts';
import type { MeshInfo } from '../mesh/state.ts';
import { type CertificateContent, extension, issueCertificate, subjectPublicKeyInfo } from './certificate.ts';

/** The name by which every device in the mesh reaches the coordinator in a browser. */
export const THIS_NAME = 'this.tm';

/** Common name of the CA, as people see it in their device's list. */
const CA_NAME = 'TunnelMesh CA';

/** Private key (PKCS #8, PEM) and certificate in the data directory; the certificate is for everybody. */
const KEY_FILE = 'ca.key';
const CERTIFICATE_FILE = 'ca.pem';
const CERTIFICATE_FILE_MODE = 0o644;

const DAY_MS = 24 * 60 * 60 * 1000;

/** Peers keep the CA that they met when they joined, so it outlives machines: twenty years. */
const CA_LIFETIME_MS = 20 * 365 * DAY_MS;

/** Certificates begin a day early, for devices whose clock is behind. */
const BACKDATE_MS = DAY_MS;

/** What the CA vouches for in one certificate: a holder's key, until when, and as what. */
export interface Endorsement {
  readonly subject: string;
  readonly holder: KeyObject;
  readonly lifetimeMs: number;
  readonly extensions: readonly Extension[];
}

/** See the file's comment. */
export class CertificateAuthority {
  /** The CA's own certificate, PEM. */
  readonly certificate: string;
  readonly #key: KeyObject;
  readonly #random: RandomBytes;

  private constructor(certificate: string, key: KeyObject, random: RandomBytes) {
    this.certificate = certificate;
    this.#key = key;
    this.#random = random;
  }

  /**
   * The CA in this directory, made if there is none. The key is written first: a crash in between leaves a key whose
   * certificate is then issued anew.
   * @param now - milliseconds since 1970
   */
  static async open(
    directory: string,
    mesh: MeshInfo,
    random: RandomBytes,
    now: number,
  ): Promise<CertificateAuthority> {
    const keyPath = join(directory, KEY_FILE);
    let pem = await readFileIfThere(keyPath);
    if (pem === undefined) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      await writeFileAtomic(keyPath, pem, SECRET_FILE_MODE);
    }
    const key = createPrivateKey(pem);
    const certificatePath = join(directory, CERTIFICATE_FILE);
    let certificate = await readFileIfThere(certificatePath);
    if (certificate === undefined) {
      certificate = issueCertificate(rootContent(mesh, key, now), key, key, random);
      await writeFileAtomic(certificatePath, certificate, CERTIFICATE_FILE_MODE);
    }
    return new CertificateAuthority(certificate, key, random);
  }

  /** A certificate for somebody else's key, PEM. */
  issue(endorsement: Endorsement, now: number): string {
    const { subject, holder, lifetimeMs, extensions } = endorsement;
    const content: CertificateContent = {
      subject,
      issuer: CA_NAME,
      notBefore: now - BACKDATE_MS,
      notAfter: now + lifetimeMs,
      extensions: [
        extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: false })),
        extension(
          id_ce_authorityKeyIdentifier,
          false,
          new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier(this.#key)) }),
        ),
        ...extensions,
      ],
    };
    return issueCertificate(content, holder, this.#key, this.#random);
  }
}

function rootContent(mesh: MeshInfo, key: KeyObject, now: number): CertificateContent {
  return {
    subject: CA_NAME,
    issuer: CA_NAME,
    notBefore: now - BACKDATE_MS,
    notAfter: now + CA_LIFETIME_MS,
    extensions: [
      extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: true, pathLenConstraint: 0 })),
      extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.keyCertSign)),
      extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyIdentifier(key))),
      extension(id_ce_nameConstraints, true, nameConstraints(mesh)),
    ],
  };
}

/**
 * RFC 5280 §4.2.1.10. A permitted DNS name permits what is under it too; a permitted address range excludes every
 * other address, of IPv6 as well.
 */
function nameConstraints(mesh: MeshInfo): NameConstraints {
  const permitted = [
    ...[mesh.suffix, COORDINATOR_NAME, THIS_NAME].map((dNSName) => new GeneralName({ dNSName })),
    new GeneralName({ iPAddress: mesh.cidr }),
  ];
  const permittedSubtrees = new GeneralSubtrees(permitted.map((base) => new GeneralSubtree({ base })));
  return new NameConstraints({ permittedSubtrees });
}

/** RFC 5280 §4.2.1.2, method 1: SHA-1 over the public key's bits. An identifier, not a matter of security. */
function keyIdentifier(key: KeyObject): ArrayBuffer {
  const digest = createHash('sha1')
    .update(new Uint8Array(subjectPublicKeyInfo(key).subjectPublicKey))
    .digest();
  return Uint8Array.from(digest).buffer;
}
