/** A program for the build's test: opens a SQLite database in memory and reads HCL, the two that need files at run time. */
import sqlite from 'node-sqlite3-wasm';

const database = new sqlite.Database(':memory:');
const row = database.get('SELECT 6 * 7 AS answer');
database.close();

const { default: hcl } = await import('@cdktf/hcl2json');
const map: unknown = await hcl.parse('mesh.tfvars', 'nodes = { "wg-us" = { peer = true } }');

process.stdout.write(JSON.stringify({ row, map }));
