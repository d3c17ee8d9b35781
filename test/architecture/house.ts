/** The plan of the house as tables; docs/adr/0001-the-house.md says why it is so. */

/**
 * The folders of code, and which other folders each may import. `main.ts` is the CDKTF app. A test beside its code obeys
 * its folder's line; test/ may look into every room.
 */
export const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  mesh: [],
  host: [],
  templates: ['mesh'],
  constructs: ['mesh', 'templates'],
  stacks: ['mesh', 'constructs'],
  'main.ts': ['mesh', 'host', 'stacks'],
  coordinator: ['mesh', 'host', 'templates'],
  peer: ['mesh', 'host', 'templates'],
  lab: ['mesh', 'host', 'templates'],
  scripts: ['mesh', 'host', 'templates', 'coordinator', 'peer', 'lab'],
  test: ['mesh', 'host', 'templates', 'constructs', 'stacks', 'coordinator', 'peer', 'lab', 'scripts'],
};

/** Folders that are pure: they import nothing of Node, not even to read a file. */
export const PURE: readonly string[] = ['mesh'];

/** The packages that the product stands on, and who may import each. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  // Curves and hashes, and three parsers that neither read nor write: these make no model impure.
  '@noble/curves': ['mesh'],
  '@noble/hashes': ['mesh', 'templates', 'coordinator', 'peer', 'scripts'],
  '@cdktf/hcl2json': ['mesh'],
  yaml: ['mesh', 'templates', 'coordinator', 'peer', 'lab', 'scripts'],
  zod: ['mesh', 'host', 'templates', 'coordinator', 'peer', 'lab', 'scripts'],
  // Archived upstream: a move to its successor must stay a rename in these three places.
  cdktf: ['constructs', 'stacks', 'main.ts'],
  constructs: ['constructs', 'stacks', 'main.ts'],
  '@cdktf/provider-digitalocean': ['constructs', 'stacks'],
  // The one place that starts processes.
  execa: ['host'],
  handlebars: ['templates'],
  qrcode: ['templates', 'scripts'],
  commander: ['scripts'],
  hono: ['coordinator'],
  '@hono/node-server': ['coordinator'],
  '@peculiar/asn1-schema': ['coordinator'],
  '@peculiar/asn1-x509': ['coordinator'],
  'node-sqlite3-wasm': ['coordinator'],
};

/** What tests import besides: these are no part of the product. */
export const TEST_PACKAGES: readonly string[] = ['@jest/globals', 'fast-check', 'typescript'];

/** The files that start processes: the product's, and the set-up's, which runs before any package is installed. */
export const PROCESS_STARTERS: readonly string[] = ['host/run.ts', 'scripts/setup/command.mjs'];

/** Longest files, in lines. A file that grows beyond has two ideas in it. */
export const MAX_LINES = 300;

/** The same for tests, whose cases are one idea however many they are. */
export const MAX_TEST_LINES = 500;

/** Names that say nothing about what is inside. */
export const EMPTY_NAMES: readonly string[] = ['util', 'utils', 'helper', 'helpers', 'common', 'misc'];
