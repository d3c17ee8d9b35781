/**
 * The artifact: one tarball of what a machine needs to run the program, which nodes fetch and know by its SHA-256. It is the same to the
 * byte whenever and wherever it is made from the same source, so that a digest can be checked by building it again.
 * (Wherever the same Node makes it: versions of zlib compress differently.)
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { constants, gzipSync } from 'node:zlib';

/** Every file's time. Not 1970, which `tar` calls implausibly old. */
const MTIME = new Date('2000-01-01T00:00:00Z');

const PROGRAM_MODE = 0o755;
const FILE_MODE = 0o644;

/** Where a gzip file says on which system it was made (RFC 1952 §2.3.1), and the value for "unknown". */
const GZIP_SYSTEM = { offset: 9, unknown: 255 };

/**
 * @typedef {{ readonly path: string, readonly sha256: string }} Artifact - the tarball and its digest in hexadecimal
 */

/**
 * The files of the artifact, relative to the checkout, in the order in which they are packed.
 * @param {string} root
 * @returns {string[]}
 */
function artifactFiles(root) {
  const built = readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    // No source maps, which nothing reads at run time, and no artifact.
    .filter((path) => path.endsWith('.mjs') || path.startsWith('dist/assets/'));
  return ['LICENSE', 'bin/tunnelmesh.mjs', ...built.sort()];
}

/**
 * Packs what `npm run build` made into `dist/tunnelmesh-VERSION.tar.gz`.
 * @param {string} root - a checkout with its dist/
 * @returns {Promise<Artifact>}
 */
export async function packArtifact(root) {
  const tarStream = await import('tar-stream');
  /** @type {{ version: string }} */
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const tarball = tarStream.pack();
  for (const name of artifactFiles(root)) {
    const mode = name.startsWith('bin/') ? PROGRAM_MODE : FILE_MODE;
    tarball.entry({ name, mode, mtime: MTIME, uid: 0, gid: 0 }, readFileSync(join(root, name)));
  }
  tarball.finalize();
  // Node writes neither name nor time into the header (https://nodejs.org/api/zlib.html), but the system.
  const bytes = gzipSync(await buffer(tarball), { level: constants.Z_BEST_COMPRESSION });
  bytes[GZIP_SYSTEM.offset] = GZIP_SYSTEM.unknown;
  const path = join(root, 'dist', `tunnelmesh-${version}.tar.gz`);
  writeFileSync(path, bytes);
  return { path, sha256: createHash('sha256').update(bytes).digest('hex') };
}
