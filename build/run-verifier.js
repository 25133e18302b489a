// `npm run build:verifier` writes ledger-verify.mjs to the checkout, or to the file that an argument names.
import path from 'node:path';
import { bundleVerifier } from './verifier.js';

await bundleVerifier(path.dirname(import.meta.dirname), path.resolve(process.argv[2] ?? 'ledger-verify.mjs'));
