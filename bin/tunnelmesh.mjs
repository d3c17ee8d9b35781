#!/usr/bin/env node
// The built program where there is one (an installed artifact, or after `npm run build`), else the source by way of tsx.
import { existsSync } from 'node:fs';

const built = new URL('../dist/tunnelmesh.mjs', import.meta.url);

if (existsSync(built)) {
  await import(built.href);
} else {
  try {
    const { register } = await import('tsx/esm/api');
    register();
  } catch (error) {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error('tunnelmesh: neither built nor installed; run `npm ci`, then try again');
    process.exit(1);
  }
  await import('../scripts/tunnelmesh.ts');
}
