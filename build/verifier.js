// Plain JavaScript, as the rest of the build. It makes the verifier that people run without the product.
import { readFile } from 'node:fs/promises';
import * as esbuild from 'esbuild';
import { stopBundling } from './bundle.js';

/**
 * Bundles src/verifier into one file without dependencies, `ledger-verify.mjs`, for Node and for browsers. The code
 * stays readable, because its readers shall not have to trust it. The same sources give the same bytes. Throws when a
 * file does not compile; esbuild has then printed the reason.
 */
export const bundleVerifier = async (root, file) => {
  try {
    await esbuild.build({
      absWorkingDir: root,
      entryPoints: ['src/verifier/main.ts'],
      outfile: file,
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      target: ['node20.19', 'es2022'],
      external: ['node:fs', 'node:url'],
      legalComments: 'none',
      logLevel: 'warning',
      plugins: [withoutUnusedZod],
      // Otherwise Zod tries whether it may compile code, and a page with a strict policy reports that.
      banner: { js: 'globalThis.__zod_globalConfig ??= { jitless: true };' },
    });
  } finally {
    await stopBundling();
  }
};

// esbuild keeps all members of an object that a module exports, and `z` has messages in all languages: half of the file.
const withoutUnusedZod = {
  name: 'without-unused-zod',
  setup: (build) =>
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => ({
      loader: 'ts',
      contents: (await readFile(path, 'utf8')).replace("import { z } from 'zod'", "import * as z from 'zod'"),
    })),
};
