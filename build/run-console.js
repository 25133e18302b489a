// Builds the console when its sources have changed. `npm start` runs it once the API is ready.
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { setPriority } from 'node:os';
import path from 'node:path';
import { buildConsole, isConsoleCurrent } from './console.js';

const root = path.dirname(import.meta.dirname);
const dist = path.join(root, 'dist');
const folder = path.join(dist, 'console');
const next = path.join(dist, `.console-${process.pid}`);
const remove = (of) => rmSync(of, { recursive: true, force: true });

/** Removes what killed builds have left. */
const removeOldFolders = () => {
  for (const name of readdirSync(dist)) {
    const [, pid] = /^\.console-(\d+)$/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) remove(path.join(dist, name));
  }
};

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Two builds at once: the last one stays, or the other one when it is of the same sources. */
const replaceFolder = () => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      remove(folder);
      renameSync(next, folder);
      return;
    } catch (error) {
      if (isConsoleCurrent(root, folder)) return;
      if (attempt === 10) throw error;
    }
  }
};

if (!isConsoleCurrent(root, folder)) {
  // The server has work to do meanwhile.
  setPriority(10);
  mkdirSync(next, { recursive: true });
  process.on('exit', () => remove(next));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      remove(next);
      // Without this handler it ends the process, so who has started this learns why.
      process.kill(process.pid, signal);
    });
  }
  removeOldFolders();
  await buildConsole(root, next);
  replaceFolder();
}
