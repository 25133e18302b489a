import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.join(import.meta.dirname, '..', '..');
const output = path.join(root, 'node_modules', '.cache', 'test-programs');

/**
 * Returns the compiled form of a file, named from the root of the project: one of src, an example in TypeScript, or a
 * `run-*.ts` of tests/support.
 */
export const compiled = (file: string): string => path.join(output, file.replace(/\.ts$/, '.js'));

/** The event store's main module, for `startStack`. */
export const eventStoreProgram = compiled('src/embedded/eventstore/main.ts');

/**
 * Compiles what is stale of the product, of the examples and of the programs of tests/support, so that the processes that
 * tests start need no compiler. Throws with the compiler's own words.
 */
export const compileWhatIsStarted = async (): Promise<void> => {
  await mkdir(output, { recursive: true });
  // Compiled files find these where the sources find them.
  await Promise.all(['package.json', 'db', 'bin', 'dist'].map(link));
  await installClient();
  await Promise.all([
    node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.test-programs.json'),
    // The launcher compiles the product by itself, and the first test that starts it shall not wait for that.
    node('bin/ledger.js', '--version'),
    // Each start of the product would otherwise begin to build the console, and end the build with itself.
    node('build/run-console.js'),
  ]);
};

const link = (name: string): Promise<void> =>
  symlink(path.join(root, name), path.join(output, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });

/** Makes the compiled examples find the compiled client by the name of its package. */
const installClient = async (): Promise<void> => {
  const folder = path.join(output, 'node_modules', '@license-ledger', 'client');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ type: 'module', exports: './index.js' }));
  const entry = path.relative(folder, compiled('packages/client/src/index.ts')).replaceAll('\\', '/');
  await writeFile(path.join(folder, 'index.js'), `export * from '${entry}';\n`);
};

const node = async (...args: readonly string[]): Promise<void> => {
  await promisify(execFile)(process.execPath, args, { cwd: root }).catch(
    ({ stdout, stderr }: { stdout: string; stderr: string }) => {
      throw new Error(`What tests start does not compile:\n${stdout}${stderr}`);
    },
  );
};
