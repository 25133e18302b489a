// Plain JavaScript without dependencies: every launch from a checkout loads it.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const settings = ['tsconfig.json', 'package-lock.json', path.join('build', 'bundle.js')];

/** Returns a hash over name, size and time of change of files. Reading them all would take too long. */
export const stampOf = (root, files) => {
  const hash = createHash('sha256');
  for (const name of [...files].sort()) {
    const { size, mtimeMs } = statSync(path.join(root, name));
    hash.update(`${name} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
};

/** Returns a stamp of every file that decides what is compiled. The console is built apart from the server. */
export const stampOfSources = (root) => {
  const sources = readdirSync(path.join(root, 'src'), { recursive: true })
    .filter((name) => name.endsWith('.ts') || name.endsWith('.json'))
    .filter((name) => !name.startsWith(`console${path.sep}`))
    .map((name) => path.join('src', name));
  return stampOf(root, [...sources, ...settings]);
};

const stampFile = (root) => path.join(root, 'dist', '.stamp');

/** Returns true when dist was compiled from the sources as they are. */
export const isCurrent = (root) => {
  if (!existsSync(path.join(root, 'dist', 'main.js'))) return false;
  try {
    return readFileSync(stampFile(root), 'utf8') === stampOfSources(root);
  } catch {
    return false;
  }
};

/** Runs `compile`, and notes in dist that it came from the sources as they were before. */
export const compileStamped = async (root, compile) => {
  const stamp = stampOfSources(root);
  rmSync(stampFile(root), { force: true });
  const result = await compile();
  writeFileSync(stampFile(root), stamp);
  return result;
};
