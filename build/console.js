// Plain JavaScript: the launcher calls it, and nothing has compiled it. It builds the console for browsers.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stampOf } from './stamp.js';

/**
 * Builds src/console into a folder: `index.html`, and in `assets` scripts and styles with a hash in their name, which
 * browsers keep for ever. Notes in the folder which sources it is made of. Returns the files whose code it contains.
 * Throws when a file does not compile.
 */
export const buildConsole = async (root, folder) => {
  const stamp = stampOfConsole(root);
  // Loading it takes as long as a start of the server, and most starts find a console that is current.
  const { build } = await import('vite');
  const outputs = [await inProduction(async () => build(optionsOf(root, folder)))].flat();
  const chunks = outputs.flatMap(({ output }) => output.filter(({ type }) => type === 'chunk'));
  if (chunks.some(({ code }) => code.includes(inDevelopment)))
    throw new Error('The console contains the development build of React, which is slow and much larger.');
  writeFileSync(stampFile(folder), stamp);
  const modules = chunks.flatMap(({ moduleIds }) => moduleIds.filter((id) => path.isAbsolute(id)));
  return [...new Set(modules.map((id) => path.relative(root, id).replaceAll(path.sep, '/')))];
};

/** Returns true when a folder has the console of the sources as they are. */
export const isConsoleCurrent = (root, folder) =>
  existsSync(stampFile(folder)) && readFileSync(stampFile(folder), 'utf8') === stampOfConsole(root);

const stampFile = (folder) => path.join(folder, '.stamp');

const stampOfConsole = (root) => {
  const filesOf = (name) =>
    readdirSync(path.join(root, name), { recursive: true })
      .map((file) => path.join(name, file))
      .filter((file) => statSync(path.join(root, file)).isFile());
  const sources = [
    ...['src/console', 'src/domain', 'packages/client/src'],
    // The check of packs folds licenses again.
    ...['src/aggregates', 'src/eventstore', 'src/packs', 'src/proof'],
  ].flatMap(filesOf);
  return stampOf(root, [...sources, 'package-lock.json', path.join('build', 'console.js')]);
};

// A sentence of the development build of React.
const inDevelopment = 'Download the React DevTools';

/** The bundler takes another value of NODE_ENV as the wish for development builds. */
const inProduction = async (work) => {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
};

const optionsOf = (root, folder) => ({
  configFile: false,
  root: path.join(root, 'src', 'console'),
  base: '/console/',
  publicDir: false,
  // The client of this checkout, which nothing has built.
  resolve: { alias: { '@license-ledger/client': path.join(root, 'packages', 'client', 'src', 'index.ts') } },
  // The packages name their parts for the server, which the bundler warns of by the hundred.
  logLevel: 'error',
  build: {
    outDir: folder,
    emptyOutDir: true,
    target: 'es2022',
    // An address of data: would need another policy than 'self'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
