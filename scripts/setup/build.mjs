/**
 * `npm run build`: the `tunnelmesh` command as one folder, dist/, that runs on a bare Node without node_modules, and as the
 * tarball that nodes install. esbuild splits it, so that a subcommand loads only what it uses.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { packArtifact } from './artifact.mjs';
import { SetupError, fail } from './command.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { requireNode } from './machine.mjs';

/** Files that a dependency reads from beside its own module at run time, and the module that does it. */
const ASSETS = [
  { module: 'node-sqlite3-wasm/dist/node-sqlite3-wasm.js', file: 'node-sqlite3-wasm/dist/node-sqlite3-wasm.wasm' },
  { module: '@cdktf/hcl2json/lib/bridge.js', file: '@cdktf/hcl2json/main.wasm.gz' },
];

/** What a running mesh has no use for: only stacks/, constructs/ and main.ts may import these. */
const NEVER_BUNDLED = /(?:^|\/)node_modules\/(?:cdktf|constructs|@cdktf\/provider-[^/]+)\//;

/**
 * Stands at the head of every file of the bundle. CommonJS dependencies need a `require` for Node's own modules, and the
 * bundle's directory where they say `__dirname`.
 */
const BANNER = [
  `import { createRequire as bundleCreateRequire } from 'node:module';`,
  'const require = bundleCreateRequire(import.meta.url);',
  'const bundleDirectory = import.meta.dirname;',
].join('\n');

/**
 * Makes the modules of {@link ASSETS} look for their files under dist/assets/.
 * @returns {import('esbuild').Plugin}
 */
function assets() {
  return {
    name: 'assets',
    setup(bundler) {
      for (const { module } of ASSETS) {
        const filter = new RegExp(`/node_modules/${module.replaceAll('.', '\\.')}$`);
        bundler.onLoad({ filter }, async ({ path }) => {
          const directory = JSON.stringify(`/assets/${dirname(module)}`);
          // On the same line as the module's first, so that its source map stays right.
          return {
            contents: `var __dirname = bundleDirectory + ${directory}; ${await readFile(path, 'utf8')}`,
            resolveDir: dirname(path),
          };
        });
      }
    },
  };
}

/**
 * What is wrong with a bundle although esbuild made it, or `undefined`.
 * @param {import('esbuild').Metafile['inputs']} inputs
 * @param {string} root - what the paths of the inputs are relative to
 * @returns {string | undefined}
 */
function findProblem(inputs, root) {
  for (const [importer, { imports }] of Object.entries(inputs)) {
    for (const { path, kind, original = path } of imports) {
      if (NEVER_BUNDLED.test(path) && !NEVER_BUNDLED.test(importer))
        return `${importer} brings ${path} into the bundle; only stacks/, constructs/ and main.ts may import it.`;
      const isCommonJs = inputs[path]?.format === 'cjs';
      if (
        kind === 'dynamic-import' &&
        isCommonJs &&
        !takesDefault(readFileSync(join(root, importer), 'utf8'), original)
      )
        return `${importer}: write \`const { default: x } = await import('${original}')\`; esbuild gives no other name of a CommonJS module.`;
    }
  }
  return undefined;
}

/**
 * Says whether a source takes `default` of what it imports by `import()`, alone or before all the rest. (Node gives a CommonJS module's
 * names there as well, so that the mistake would show in the bundle only.)
 * @param {string} source
 * @param {string} specifier
 */
function takesDefault(source, specifier) {
  const [before = '', ...others] = source.split(`import('${specifier}')`).slice(0, -1);
  return [before, ...others].every((text) => /\{ default: \w+(?:, \.\.\.\w+)? \} = await $/.test(text));
}

/**
 * Bundles one program into a folder, which is replaced whole, and only when the bundle came out right.
 * @param {{ entry: string, packages: string, outdir: string }} paths - source file; node_modules; folder to fill
 */
export async function bundle({ entry, packages, outdir }) {
  if (!existsSync(entry)) throw new SetupError(`There is nothing to build: ${entry} is missing.`);
  const esbuild = await import('esbuild');
  let result;
  try {
    result = await esbuild.build({
      absWorkingDir: dirname(packages),
      entryPoints: [entry],
      outdir,
      outExtension: { '.js': '.mjs' },
      chunkNames: '[name]-[hash]',
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      sourcemap: 'external',
      legalComments: 'none',
      banner: { js: BANNER },
      // hcl2json asks for this only where Node lacks the global of that name, which none does.
      external: ['performance'],
      define: { __dirname: 'bundleDirectory' },
      plugins: [assets()],
      metafile: true,
      write: false,
      logLevel: 'warning',
    });
  } catch {
    throw new SetupError('The build failed; esbuild says above where.');
  } finally {
    await esbuild.stop();
  }
  const problem = findProblem(result.metafile.inputs, dirname(packages));
  if (problem !== undefined) throw new SetupError(`The build failed: ${problem}`);
  rmSync(outdir, { recursive: true, force: true });
  for (const { path, contents } of result.outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents);
  }
  for (const { file } of ASSETS) cpSync(join(packages, file), join(outdir, 'assets', file));
}

/**
 * Builds dist/ of a checkout, with the artifact in it.
 * @param {string} root - the checkout
 * @returns {Promise<import('./artifact.mjs').Artifact>}
 */
export async function build(root) {
  await bundle({
    entry: join(root, 'scripts', 'tunnelmesh.ts'),
    packages: join(root, 'node_modules'),
    outdir: join(root, 'dist'),
  });
  return packArtifact(root);
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  try {
    requireNode();
    await ensureDependencies(root);
    const { path, sha256 } = await build(root);
    console.log(`Built ${relative(process.cwd(), join(root, 'dist', 'tunnelmesh.mjs'))}`);
    console.log(`Packed ${relative(process.cwd(), path)}, SHA-256 ${sha256}`);
  } catch (error) {
    fail(error);
  }
}
