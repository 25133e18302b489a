// Builds the console when its sources have changed. `npm start` runs it once the API is ready.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import path from 'node:path';
import { buildConsole } from './console.js';
import { stampOf } from './stamp.js';

const root = path.dirname(import.meta.dirname);
const folder = path.join(root, 'dist', 'console');
const next = path.join(root, 'dist', `.console-${process.pid}`);
const stampFile = (of) => path.join(of, '.stamp');

const filesOf = (name) =>
  readdirSync(path.join(root, name), { recursive: true })
    .map((file) => path.join(name, file))
    .filter((file) => statSync(path.join(root, file)).isFile());

const stamp = stampOf(root, [
  ...['src/console', 'src/domain', 'packages/client/src'].flatMap(filesOf),
  ...['package-lock.json', path.join('build', 'console.js')],
]);

const isCurrent = existsSync(stampFile(folder)) && readFileSync(stampFile(folder), 'utf8') === stamp;
if (!isCurrent) {
  // The server has work to do meanwhile.
  setPriority(10);
  mkdirSync(next, { recursive: true });
  process.on('exit', () => rmSync(next, { recursive: true, force: true }));
  await buildConsole(root, next);
  writeFileSync(stampFile(next), stamp);
  // Two builds at once: the last one stays.
  rmSync(folder, { recursive: true, force: true });
  renameSync(next, folder);
}
