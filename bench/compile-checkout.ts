import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Compiles src and bench of a checkout, as users run the product, and returns the folder of the result. Throws when it
 * does not compile. The benchmark itself runs from TypeScript, where each function that is created costs more.
 */
export const compileCheckout = (checkout: string): string => {
  const cache = join(checkout, 'node_modules/.cache');
  const outDir = join(cache, 'bench');
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
  const project = join(cache, 'tsconfig.bench.json');
  writeFileSync(
    project,
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: { noEmit: false, incremental: false, sourceMap: false, rootDir: '../..', outDir: 'bench' },
      include: ['../../src', '../../bench'],
    }),
  );
  const tsc = join(checkout, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${checkout} does not compile.`);
  // The compiler changes the names of imported files, but not of files that become processes.
  for (const name of readdirSync(join(outDir, 'bench'))) {
    const file = join(outDir, 'bench', name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll("-process.ts'", "-process.js'"));
  }
  for (const name of ['db', 'package.json', 'openapi.json']) symlinkSync(join(checkout, name), join(outDir, name));
  return outDir;
};
