/** A program that would run from its source and not from the bundle, and which the build therefore refuses. */
const { parse } = await import('@cdktf/hcl2json');

process.stdout.write(typeof parse);
