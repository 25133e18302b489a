// `npm run mutation` runs Stryker on all of src/domain, and then the gate. It runs in parts, because one run of all mutants
// needs more memory than a process has. `npm run mutation -- --go-on` keeps what an earlier run measured, where neither the
// file nor the tests that reach it have changed.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const domain = 'src/domain';
const partBytesMax = 140_000;

const parts: { bytes: number; readonly files: string[] }[] = [];
for (const name of readdirSync(domain, { recursive: true, encoding: 'utf8' }).toSorted()) {
  if (!name.endsWith('.ts')) continue;
  const file = join(domain, name).replaceAll('\\', '/');
  const { size } = statSync(file);
  const last = parts.at(-1);
  if (last === undefined || last.bytes + size > partBytesMax) parts.push({ bytes: size, files: [file] });
  else {
    last.bytes += size;
    last.files.push(file);
  }
}

if (!process.argv.includes('--go-on')) rmSync('coverage/mutation', { recursive: true, force: true });
for (const [index, { files }] of parts.entries()) {
  console.log(`mutation: part ${index + 1} of ${parts.length}, ${files.length} files from ${files[0]}`);
  const stryker = join('node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
  const { status } = spawnSync(process.execPath, [stryker, 'run', '--incremental', '--mutate', files.join(',')], {
    stdio: 'inherit',
  });
  if (status !== 0)
    throw new Error(`Part ${index + 1} failed. After the mend, go on with: npm run mutation -- --go-on`);
}
await import('./gate.ts');
