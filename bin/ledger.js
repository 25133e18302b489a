#!/usr/bin/env node
// Plain JavaScript, and nothing newer than the check below: this must run before anything is compiled.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

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

const compile = () => {
  const stamp = stampOfSources();
  rmSync(stampFile, { force: true });
  // `npm run build` would trust this file, and leave out what it names.
  rmSync(at('dist', '.tsbuildinfo'), { force: true });
  console.error('Compiling src, once after each change …');
  const tsc = at('node_modules', 'typescript', 'bin', 'tsc');
  // Types are the matter of `npm run check`: checking them takes most of the time of a compilation.
  const emitOnly = ['--noCheck', '--declaration', 'false', '--incremental', 'false'];
  const { status } = spawnSync(process.execPath, [tsc, '-p', at('tsconfig.build.json'), ...emitOnly], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error('src does not compile: see above.');
  writeFileSync(stampFile, stamp);
};

// Two launches at once: one compiles, the other waits and then runs what the first made.
const compileIfStale = () => {
  const lock = at('dist', '.compiling');
  mkdirSync(at('dist'), { recursive: true });
  const deadline = Date.now() + 180_000;
  while (!isCurrent()) {
    if (!take(lock)) {
      if (Date.now() > deadline)
        throw new Error(`Process ${readText(lock)} has been compiling for long. Remove ${lock}?`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      continue;
    }
    try {
      if (!isCurrent()) compile();
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
  // An empty lock is one that is being written.
  if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
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

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`License Ledger needs Node 20.19 or newer; this is ${process.versions.node}.`);
}

if (existsSync(at('src', 'main.ts'))) {
  if (!existsSync(at('node_modules'))) fail(`The dependencies are missing: run npm ci first, in ${root}.`);
  if (existsSync(at('node_modules', 'typescript'))) {
    try {
      compileIfStale();
    } catch (error) {
      fail(error.message);
    }
  } else if (!existsSync(at('dist', 'main.js'))) {
    fail('Nothing is compiled yet and the compiler is not installed: run npm ci first, without --omit=dev.');
  }
}

await import(new URL('../dist/main.js', import.meta.url).href);
