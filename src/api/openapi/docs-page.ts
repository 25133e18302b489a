import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { ServeFile } from '../http/app.ts';
import type { Respond } from '../http/respond.ts';

/**
 * Serves /docs: the OpenAPI document as a page to read and to try requests. Every file comes from this server, and the
 * policy of the page forbids requests to other servers.
 */
export const serveDocsPage = (serve: ServeFile, respond: Respond): void => {
  for (const [file, { type, read }] of files) {
    let bytes: Buffer | undefined;
    serve(file, (response) => {
      bytes ??= read();
      respond.file(response, type, bytes, headersOf(file));
    });
  }
};

type File = { readonly type: string; readonly read: () => Buffer };

// The package holds the files of Swagger UI without the telemetry that swagger-ui-dist depends on. Its code is not used,
// and its files are read at the first request.
const packaged = (name: string) => (): Buffer => {
  const folder = path.dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json'));
  return readFileSync(path.join(folder, 'static', name));
};

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>License Ledger API</title>
<link rel="icon" href="/docs/favicon.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<main id="docs"></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

// With another validatorUrl the page would send the address of the document to a validator of the vendor.
const start = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  operationsSorter: 'none',
  persistAuthorization: false,
  validatorUrl: null,
});
`;

const files: ReadonlyMap<string, File> = new Map([
  ['/docs', { type: 'text/html; charset=utf-8', read: () => Buffer.from(page) }],
  ['/docs/start.js', { type: 'text/javascript; charset=utf-8', read: () => Buffer.from(start) }],
  ['/docs/swagger-ui-bundle.js', { type: 'text/javascript; charset=utf-8', read: packaged('swagger-ui-bundle.js') }],
  ['/docs/swagger-ui.css', { type: 'text/css; charset=utf-8', read: packaged('swagger-ui.css') }],
  ['/docs/favicon.png', { type: 'image/png', read: packaged('favicon-32x32.png') }],
]);

const headersOf = (file: string): Record<string, string> => ({
  'Cache-Control': file === '/docs' || file === '/docs/start.js' ? 'no-cache' : 'public, max-age=3600',
  // Swagger UI sets styles on its elements, and draws its icons from data: addresses.
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
});
