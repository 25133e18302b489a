// `npm run build`: writes dist as a package holds it, with source maps and the licenses of what is in it.
// The compiler of TypeScript then adds the client and its types.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundle } from './bundle.js';
import { buildConsole } from './console.js';
import { noticesOf } from './notices.js';
import { compileStamped } from './stamp.js';

const root = path.dirname(import.meta.dirname);
const dist = path.join(root, 'dist');
// A package must hold no file of an earlier build.
rmSync(dist, { recursive: true, force: true });
const metafile = await compileStamped(root, () => bundle(root, { sourceMaps: 'linked', withClient: false }));
await buildConsole(root);
writeFileSync(path.join(dist, 'THIRD-PARTY-LICENSES.txt'), noticesOf(root, metafile));
