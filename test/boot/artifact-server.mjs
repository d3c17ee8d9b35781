// Serves one file at every path: artifact-server.mjs ADDRESS PORT FILE
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';

const [, , address, port, file] = process.argv;
createServer((request, response) => {
  createReadStream(file).pipe(response);
}).listen(Number(port), address);
