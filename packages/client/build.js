// `npm run build -w @license-ledger/client`: writes dist, with one file and the types for each of ESM and CommonJS.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as esbuild from 'esbuild';

const root = import.meta.dirname;
const [esm, cjs] = ['esm', 'cjs'].map((format) => path.join(root, 'dist', format));
const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

const bundle = (format, outfile) =>
  esbuild.build({
    absWorkingDir: root,
    entryPoints: ['src/index.ts'],
    outfile,
    bundle: true,
    format,
    platform: 'neutral',
    target: 'es2022',
    logLevel: 'warning',
  });

// A package must hold no file of an earlier build.
rmSync(path.join(root, 'dist'), { recursive: true, force: true });
await bundle('esm', path.join(esm, 'index.js'));
execFileSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.json')], { stdio: 'inherit' });

await bundle('cjs', path.join(cjs, 'index.js'));
for (const name of readdirSync(esm, { recursive: true }).filter((file) => file.endsWith('.d.ts'))) {
  // The compiler leaves `.ts` in the imports of types, which not every tool can follow.
  const types = readFileSync(path.join(esm, name), 'utf8').replaceAll(
    /((?:from |import\()['"]\.[^'"]*)\.ts(?=['"])/g,
    '$1.js',
  );
  for (const folder of [esm, cjs]) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), types);
  }
}
// Without this file Node and the compiler would read the folder as ESM.
writeFileSync(path.join(cjs, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
