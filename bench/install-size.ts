// `node --import tsx bench/install-size.ts`: builds and packs this checkout, installs the archive into empty folders, and
// prints what each installation takes. The second one loads the optional packages from the registry.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyCheckout, install, megabytesBelow, npm, pack } from '../tests/support/packed.ts';

const folder = await mkdtemp(join(tmpdir(), 'ledger-size-'));
try {
  const checkout = join(folder, 'checkout');
  await copyCheckout(checkout, ['src', 'build', 'bin', 'db', 'openapi.json']);
  await npm(['run', 'build'], checkout);
  const archive = await pack(checkout);
  const kinds: readonly (readonly [string, readonly string[]])[] = [
    ['servers of your own', ['--offline', '--omit=optional']],
    ['with the embedded Postgres and /docs', []],
  ];
  for (const [index, [kind, options]] of kinds.entries()) {
    const project = join(folder, String(index));
    const start = performance.now();
    await install(project, archive, options);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const modules = (await readdir(join(project, 'node_modules'))).filter((name) => !name.startsWith('.'));
    const megabytes = (await megabytesBelow(project)).toFixed(0);
    console.log(`${kind}: ${megabytes} MB in ${seconds} s, node_modules: ${modules.join(', ')}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
