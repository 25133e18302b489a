// `npm run build:verifier` writes ledger-verify.mjs to the checkout, or to the file that an argument names, and prints
// its SHA-256 as sha256sum does.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleVerifier } from './verifier.js';

const file = path.resolve(process.argv[2] ?? 'ledger-verify.mjs');
await bundleVerifier(path.dirname(import.meta.dirname), file);
console.log(
  `${createHash('sha256')
    .update(await readFile(file))
    .digest('hex')}  ${file}`,
);
