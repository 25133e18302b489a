import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { descendants, survivors } from '../support/processes.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const root = path.join(import.meta.dirname, '..', '..');

/**
 * Creates a small checkout: the real launcher, compiler settings and dependencies, and a main that prints its
 * arguments.
 */
const checkout = async () => {
  const directory = await temporaryDirectory();
  const folders = ['bin', 'build', path.join('src', 'embedded', 'eventstore')];
  await Promise.all(folders.map((folder) => mkdir(path.join(directory, folder), { recursive: true })));
  const copied = [
    'bin/ledger.js',
    'bin/end-with-parent.js',
    'build/bundle.js',
    'build/stamp.js',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
  ];
  await Promise.all(copied.map((file) => copyFile(path.join(root, file), path.join(directory, file))));
  await symlink(path.join(root, 'node_modules'), path.join(directory, 'node_modules'));
  await writeFile(path.join(directory, 'src', 'embedded', 'eventstore', 'main.ts'), 'export {};');
  const writeMain = (text: string) => writeFile(path.join(directory, 'src', 'main.ts'), text);
  await writeMain(`console.log('one', process.argv.slice(2).join(' '), process.pid);\n`);
  return { directory, writeMain };
};

const launch = (directory: string, args: string[] = [], nodeOptions: string[] = []) => {
  const child = spawn(process.execPath, [...nodeOptions, path.join(directory, 'bin', 'ledger.js'), ...args], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  return new Promise<{ code: number | null; output: string; pid: number | undefined }>((resolve) => {
    child.once('close', (code) => resolve({ code, output, pid: child.pid }));
  });
};

test('The first launch compiles and runs in one process, from any directory, and the next one only runs', async () => {
  const { directory } = await checkout();
  const first = await launch(directory, ['start', '--port', '0']);
  expect(first.output).toBe(`Compiling src, once after each change …\none start --port 0 ${first.pid}\n`);
  const second = await launch(directory, ['verify']);
  expect(second).toMatchObject({ code: 0, output: `one verify ${second.pid}\n` });
});

test('A change is compiled, a syntax error stops the launch, and the next launch after a fix works', async () => {
  const { directory, writeMain } = await checkout();
  await launch(directory);
  await writeMain(`const count: number = ;\nconsole.log(count);\n`);
  for (const attempt of [1, 2]) {
    const broken = await launch(directory);
    expect(broken.code, `attempt ${attempt}`).toBe(1);
    expect(broken.output).toMatch(/Unexpected ";"[\s\S]*src\/main\.ts:1:22/);
    expect(broken.output).toMatch(/src does not compile: see above\.\n$/);
  }
  await writeMain(`console.log('fixed');\n`);
  expect((await launch(directory)).output).toMatch(/fixed\n$/);
});

test('Concurrent launches never run half written files', async () => {
  const { directory } = await checkout();
  const launches = await Promise.all([launch(directory), launch(directory), launch(directory)]);
  expect(launches.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(launches.filter(({ output }) => output.includes('Compiling'))).toHaveLength(1);
});

test('The output of a killed compiler is compiled again', async () => {
  const { directory } = await checkout();
  await launch(directory);
  await writeFile(path.join(directory, 'dist', 'main.js'), 'half wri');
  await rm(path.join(directory, 'dist', '.stamp'));
  await writeFile(path.join(directory, 'dist', '.compiling'), '999999999');
  expect(await launch(directory)).toMatchObject({ code: 0, output: expect.stringContaining('one') });
  expect(existsSync(path.join(directory, 'dist', '.compiling'))).toBe(false);
});

test.each([
  ['start', 0],
  ['verify', 143],
])('A stop while %s is compiled ends the compiler, and the next launch compiles again', async (command, code) => {
  const { directory, writeMain } = await checkout();
  // The compiler waits for the content of this pipe.
  const pipe = path.join(directory, 'src', 'pipe.ts');
  await promisify(execFile)('mkfifo', [pipe]);
  await writeMain(`import './pipe.ts';\n`);
  const child = spawn(process.execPath, [path.join(directory, 'bin', 'ledger.js'), command], { stdio: 'pipe' });
  const ended = once(child, 'exit');
  await expect.poll(() => descendants(child.pid ?? 0), { timeout: 10_000 }).not.toEqual([]);
  const started = descendants(child.pid ?? 0);
  child.kill('SIGTERM');
  expect(await ended).toEqual([code, null]);
  await expect.poll(() => survivors(started), { timeout: 10_000 }).toEqual([]);
  expect(existsSync(path.join(directory, 'dist', '.compiling'))).toBe(false);
  await rm(pipe);
  await writeMain('');
  expect(await launch(directory)).toMatchObject({ code: 0, output: expect.stringMatching(/^Compiling/) });
});

test('A process without a terminal goes on when a terminal closes, as nohup promises', async () => {
  const { directory, writeMain } = await checkout();
  await writeMain(`setInterval(() => {}, 1_000);\nconsole.log('runs');\n`);
  const child = spawn(process.execPath, [path.join(directory, 'bin', 'ledger.js'), 'verify'], { stdio: 'pipe' });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGHUP');
  child.kill('SIGTERM');
  expect(await ended).toEqual([null, 'SIGTERM']);
});

test('A process in the background of an npm script does not end with npm', async () => {
  const { runsInBackground } = await import(pathToFileURL(path.join(root, 'bin', 'end-with-parent.js')).href);
  const scripts = [
    ['nohup ledger start', true],
    ['ledger start > log 2>&1 &', true],
    ['ledger start & echo started', true],
    ['ledger start', false],
    ['npm run build && ledger start 2>&1', false],
    ['ledger start &> log', false],
    ['ledger start |& tee log', false],
    ["DATABASE_URL='postgres://h/db?a=1&b=2' ledger start", false],
    ['DATABASE_URL=postgres://h/db?a=1&b=2 ledger start', false],
  ] as const;
  for (const [script, expected] of scripts) expect(runsInBackground(script), script).toBe(expected);
});

test('A launch without the dependencies tells what to run', async () => {
  const { directory } = await checkout();
  await rm(path.join(directory, 'node_modules'));
  expect(await launch(directory)).toMatchObject({ code: 1, output: expect.stringContaining('run npm ci first') });
});

test('A running process still finds the files of the previous compilation, and older files are removed', async () => {
  const { directory, writeMain } = await checkout();
  const chunks = async () => (await readdir(path.join(directory, 'dist'))).filter((name) => name.startsWith('part-'));
  const compileWith = async (count: number) => {
    await writeFile(path.join(directory, 'src', 'part.ts'), `export const count: number = ${count};\n`);
    await writeMain(`console.log((await import('./part.ts')).count);\n`);
    expect((await launch(directory)).output).toContain(`${count}\n`);
    return chunks();
  };
  const first = await compileWith(1);
  const second = await compileWith(22);
  expect(second).toEqual(expect.arrayContaining(first));
  expect(second).toHaveLength(2);
  const third = await compileWith(333);
  expect(third).toHaveLength(2);
  expect(third).not.toEqual(expect.arrayContaining(first));
});

test('An installed package runs without its sources', async () => {
  const { directory } = await checkout();
  await launch(directory);
  await Promise.all(
    ['src', 'build', 'node_modules'].map((name) => rm(path.join(directory, name), { recursive: true })),
  );
  expect(await launch(directory, ['version'])).toMatchObject({
    code: 0,
    output: expect.stringMatching(/^one version/),
  });
});

test('A launch with an old Node tells the required version', async () => {
  const { directory } = await checkout();
  const old = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '20.18.3' } })`;
  expect(await launch(directory, [], ['--import', old])).toMatchObject({
    code: 1,
    output: 'License Ledger needs Node 20.19 or newer; this is 20.18.3.\n',
  });
});
