#!/usr/bin/env node
// Plain JavaScript, and nothing newer than the check below: this must run before anything is compiled.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import nodeModule from 'node:module';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { endWithParent } from './end-with-parent.js';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const at = (...names) => path.join(root, ...names);

const fail = (sentence) => {
  console.error(sentence);
  process.exit(1);
};

const readText = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

const lock = at('dist', '.compiling');

/** Ends what this process has started before it runs the product. */
let undo = () => {};

const compile = async ({ compileStamped }) => {
  console.error('Compiling src, once after each change …');
  undo = () => rmSync(lock, { force: true });
  const { bundle, stopBundling } = await import('../build/bundle.js');
  undo = () => {
    stopBundling();
    rmSync(lock, { force: true });
  };
  await compileStamped(root, () => bundle(root, { sourceMaps: false })).catch((error) => {
    // The bundler has printed the errors that it counts.
    throw Array.isArray(error.errors) ? new Error('src does not compile: see above.') : error;
  });
  undo = () => {};
};

// Two launches at once: one compiles, the other waits and then runs what the first made.
const compileIfStale = async () => {
  const stamp = await import('../build/stamp.js');
  mkdirSync(at('dist'), { recursive: true });
  const deadline = Date.now() + 180_000;
  while (!stamp.isCurrent(root)) {
    if (!take(lock)) {
      if (Date.now() > deadline)
        throw new Error(`Process ${readText(lock)} has been compiling for long. Remove ${lock}?`);
      await delay(50);
      continue;
    }
    try {
      if (!stamp.isCurrent(root)) await compile(stamp);
    } finally {
      rmSync(lock, { force: true });
    }
  }
};

const take = (lock) => {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const holder = Number(readText(lock));
  // An empty lock is one that is being written. In a container, process ids repeat.
  if (holder > 0 && (holder === process.pid || !isAlive(holder))) rmSync(lock, { force: true });
  return false;
};

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

// Node takes back what `nohup` has set. So a process without a terminal ignores by itself that a terminal closes.
const hasTerminal = [0, 1, 2].some((fd) => isatty(fd));
if (!hasTerminal) process.on('SIGHUP', () => {});

const endings = { SIGINT: 130, SIGTERM: 143, ...(hasTerminal ? { SIGHUP: 129 } : {}) };
const isStart = process.argv[2] === 'start';

/** Ends this process before the product runs. The command that runs has its own handler, which then decides alone. */
const endEarly = (signal) => {
  if (process.listenerCount(signal) > 1) return;
  undo();
  process.exit(isStart ? 0 : endings[signal]);
};

for (const signal of Object.keys(endings)) process.on(signal, endEarly);
endWithParent(() => {
  // On Windows a signal would end this process at once, and leave Postgres running.
  if (process.listenerCount('SIGTERM') > 0) process.emit('SIGTERM', 'SIGTERM');
  else process.kill(process.pid, 'SIGTERM');
});

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`License Ledger needs Node 20.19 or newer; this is ${process.versions.node}.`);
}

if (existsSync(at('src', 'main.ts'))) {
  if (!existsSync(at('node_modules'))) fail(`The dependencies are missing: run npm ci first, in ${root}.`);
  if (existsSync(at('node_modules', 'esbuild'))) {
    try {
      await compileIfStale();
    } catch (error) {
      fail(error.message);
    }
  } else if (!existsSync(at('dist', 'main.js'))) {
    fail('Nothing is compiled yet and the compiler is not installed: run npm ci first, without --omit=dev.');
  }
}

// The start of the server takes a moment before its own handlers are there. Other commands end by the signal itself.
if (!isStart) for (const signal of Object.keys(endings)) process.off(signal, endEarly);

// Node 22 and later keep what V8 has compiled. The event store's process gets the folder by the environment. Where the
// folder cannot be written, Node does without.
if (nodeModule.enableCompileCache !== undefined) {
  process.env.NODE_COMPILE_CACHE ??= at('dist', '.compile-cache');
  nodeModule.enableCompileCache(process.env.NODE_COMPILE_CACHE);
}

await import(new URL('../dist/main.js', import.meta.url).href);
