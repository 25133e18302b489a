// `npm run build`: writes dist as a package holds it, with source maps, and with the licenses and the list of what is in it.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundle } from './bundle.js';
import { buildConsole } from './console.js';
import { bomOf, noticesOf, packagesIn } from './notices.js';
import { compileStamped } from './stamp.js';
import { bundleVerifier } from './verifier.js';

const root = path.dirname(import.meta.dirname);
const dist = path.join(root, 'dist');
// A package must hold no file of an earlier build.
rmSync(dist, { recursive: true, force: true });
const { inputs } = await compileStamped(root, () => bundle(root, { sourceMaps: 'linked' }));
await bundleVerifier(root, path.join(dist, 'ledger-verify.mjs'));
const inConsole = await buildConsole(root, path.join(dist, 'console'));
const packages = packagesIn(root, [...Object.keys(inputs), ...inConsole]);
const product = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
writeFileSync(path.join(dist, 'THIRD-PARTY-LICENSES.txt'), noticesOf(packages));
writeFileSync(path.join(dist, 'bom.cdx.json'), bomOf(product, packages));
