// Plain JavaScript: the launcher calls it, and nothing has compiled it. It builds the console for browsers.
import path from 'node:path';
import { build } from 'vite';

/**
 * Builds src/console into a folder: `index.html`, and in `assets` scripts and styles with a hash in their name, which
 * browsers keep for ever. Throws when a file does not compile.
 */
export const buildConsole = async (root, folder = path.join(root, 'dist', 'console')) => {
  await build({
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
};
