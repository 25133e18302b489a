import { execFile } from 'node:child_process';
import { cp, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.join(import.meta.dirname, '..', '..');
const execute = promisify(execFile);
const npmProgram = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/** Runs npm in a folder. `cache`: an empty folder proves that nothing comes from an earlier installation. */
export const npm = (args: readonly string[], cwd: string, cache?: string) =>
  execute(npmProgram, [...args], { cwd, env: { ...process.env, ...(cache && { npm_config_cache: cache }) } });

/**
 * Copies parts of this checkout to a new folder, next to the files that npm needs and to the installed packages. A build
 * there does not disturb the checkout.
 */
export const copyCheckout = async (folder: string, parts: readonly string[]): Promise<void> => {
  const needed = ['package.json', 'package-lock.json', '.npmrc', 'tsconfig.json', 'LICENSE', 'packages/client'];
  const isSource = (source: string) => path.basename(source) !== 'dist';
  await Promise.all(
    [...needed, ...parts].map((part) =>
      cp(path.join(root, part), path.join(folder, part), { recursive: true, filter: isSource }),
    ),
  );
  await linkPackages(path.join(folder, 'node_modules'));
};

/** Packs a workspace, or the whole product without a name. Returns the archive. */
export const pack = async (folder: string, workspace?: string): Promise<string> => {
  await npm(['pack', ...(workspace === undefined ? [] : ['--workspace', workspace])], folder);
  const archives = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  if (archives.length !== 1) throw new Error(`npm pack wrote ${archives.length} archives.`);
  return path.join(folder, String(archives[0]));
};

/** Installs an archive into an empty project, without install scripts and without what npm has loaded before. */
export const install = async (project: string, archive: string, options: readonly string[] = []): Promise<void> => {
  await mkdir(project, { recursive: true });
  await writeFile(path.join(project, 'package.json'), '{}');
  const cache = path.join(project, '.cache');
  await npm(['install', '--ignore-scripts', ...options, archive], project, cache);
  await rm(cache, { recursive: true, force: true });
};

/** Returns what the files below a folder take on the disk, in megabytes. */
export const megabytesBelow = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries.map(async (entry) => (await lstat(path.join(entry.parentPath, entry.name))).blocks * 512);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0) / 1_000_000;
};

/** Links every installed package. npm packs only copies, so the packages that go into an archive are copied. */
const linkPackages = async (modules: string): Promise<void> => {
  const { packages } = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { inBundle?: boolean }>;
  };
  const installed = path.join(root, 'node_modules');
  const names = (await readdir(installed)).filter((name) => !name.startsWith('.'));
  const scoped = names.filter((name) => name.startsWith('@'));
  const inScopes = await Promise.all(
    scoped.map(async (scope) => (await readdir(path.join(installed, scope))).map((name) => `${scope}/${name}`)),
  );
  await Promise.all(scoped.map((scope) => mkdir(path.join(modules, scope), { recursive: true })));
  await Promise.all(
    [...names.filter((name) => !scoped.includes(name)), ...inScopes.flat()].map((name) => {
      const [from, to] = [path.join(installed, name), path.join(modules, name)];
      return packages[`node_modules/${name}`]?.inBundle ? cp(from, to, { recursive: true }) : symlink(from, to);
    }),
  );
};
