#!/usr/bin/env node
// Plain JavaScript, and nothing newer than the check below: this must run before anything is compiled.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

/** Of every file that decides what is compiled: name, size and time of change. Reading them all would take too long. */
const stampOfSources = () => {
  const sources = readdirSync(at('src'), { recursive: true })
    .filter((name) => name.endsWith('.ts') || name.endsWith('.json'))
    .map((name) => path.join('src', name))
    .sort();
  const hash = createHash('sha256');
  for (const name of [...sources, 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']) {
    const { size, mtimeMs } = statSync(at(name));
    hash.update(`${name} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
};

const stampFile = at('dist', '.stamp');
const isCurrent = () => existsSync(at('dist', 'main.js')) && readText(stampFile) === stampOfSources();

const readText = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

/** Ends what this process has started before it runs the product. */
let undo = () => {};

const compile = async () => {
  const stamp = stampOfSources();
  rmSync(stampFile, { force: true });
  // `npm run build` would trust this file, and leave out what it names.
  rmSync(at('dist', '.tsbuildinfo'), { force: true });
  console.error('Compiling src, once after each change …');
  const tsc = at('node_modules', 'typescript', 'bin', 'tsc');
  // The compiler starts a program of its own, so it has a process group that can be ended as a whole.
  const detached = process.platform !== 'win32';
  const options = { cwd: root, stdio: ['ignore', 2, 2], detached };
  // Types are the matter of `npm run check`: checking them takes most of the time of a compilation.
  const emitOnly = ['--noCheck', '--declaration', 'false', '--incremental', 'false'];
  const compiler = spawn(process.execPath, [tsc, '-p', at('tsconfig.build.json'), ...emitOnly], options);
  const exited = new Promise((resolve, reject) => {
    compiler.once('error', reject);
    compiler.once('exit', resolve);
  });
  undo = () => {
    try {
      process.kill(detached ? -compiler.pid : compiler.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
    rmSync(at('dist', '.compiling'), { force: true });
  };
  const status = await exited;
  undo = () => {};
  if (status !== 0) throw new Error('src does not compile: see above.');
  writeFileSync(stampFile, stamp);
};

// Two launches at once: one compiles, the other waits and then runs what the first made.
const compileIfStale = async () => {
  const lock = at('dist', '.compiling');
  mkdirSync(at('dist'), { recursive: true });
  const deadline = Date.now() + 180_000;
  while (!isCurrent()) {
    if (!take(lock)) {
      if (Date.now() > deadline)
        throw new Error(`Process ${readText(lock)} has been compiling for long. Remove ${lock}?`);
      await delay(50);
      continue;
    }
    try {
      if (!isCurrent()) await compile();
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
  if (existsSync(at('node_modules', 'typescript'))) {
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

await import(new URL('../dist/main.js', import.meta.url).href);
