import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { ServeFile } from '../http/app.ts';
import type { Respond } from '../http/respond.ts';
import { createStoredFile, type StoredFile } from '../http/stored-file.ts';
import { guideFor, type LocalGuide } from '../pages/local-guide.ts';
import { demoExamples } from './example-values.ts';

/**
 * Serves /docs: the OpenAPI document as a page to read and to try requests. Every file comes from this server, and the
 * policy of the page forbids requests to other servers.
 */
export const serveDocsPage = (
  serve: ServeFile,
  respond: Respond,
  guide: LocalGuide | null,
  folder = swaggerUiFolder(),
): void => {
  if (folder === null) {
    serve('/docs', createStoredFile({ type: html, read: () => Buffer.from(missingPage), headers }, respond));
    return;
  }
  for (const [file, stored] of filesOf(folder)) serve(file, createStoredFile({ ...stored, headers }, respond));
  serve('/docs/examples.json', (response) => {
    const demo = guideFor(guide, response.req)?.demo() ?? null;
    respond.json(response, 200, JSON.stringify(demoExamples(demo)), {});
  });
};

type File = Pick<StoredFile, 'type' | 'read' | 'maxAgeSeconds'>;

/**
 * Returns the folder of the package with the files of Swagger UI, or null where it is not installed. The package has them
 * without the telemetry that swagger-ui-dist depends on. Its code is not used.
 */
const swaggerUiFolder = (): string | null => {
  try {
    return path.join(
      path.dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json')),
      'static',
    );
  } catch {
    return null;
  }
};

const missingPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>License Ledger API</title>
</head>
<body>
<h1>License Ledger API</h1>
<p>This installation has no page for the operations, because it was installed without optional packages.
Install the package @fastify/swagger-ui to get it, or read <a href="/openapi.json">openapi.json</a>.</p>
</body>
</html>
`;

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

// With another validatorUrl the page would send the address of the document to a validator of the vendor. Swagger UI fills
// every parameter that has an example. A filter that is filled in finds nothing, so only paths and bodies keep theirs.
const start = `const demoExamples = fetch('/docs/examples.json').then((answer) => answer.json());

const resolved = (document, part) =>
  part && part.$ref ? part.$ref.slice(2).split('/').reduce((at, name) => at[name], document) : part;

const withoutExample = ({ example, examples, ...rest }) => rest;

const withoutFilters = (document) => {
  for (const operations of Object.values(document.paths))
    for (const operation of Object.values(operations))
      operation.parameters = (operation.parameters || []).map((each) => {
        const parameter = resolved(document, each);
        if (parameter.in === 'path' || parameter.required) return parameter;
        return { ...withoutExample(parameter), schema: withoutExample(resolved(document, parameter.schema) || {}) };
      });
  return document;
};

const forTrying = async (response) => {
  if (new URL(response.url, location.href).pathname !== '/openapi.json') return response;
  const { values, email } = await demoExamples.catch(() => ({ values: {}, email: null }));
  let text = response.text;
  for (const [example, value] of Object.entries(values)) text = text.replaceAll(example, value);
  const document = withoutFilters(JSON.parse(text));
  if (email !== null) document.components.schemas.LogIn.example = { email, password: 'the password in demo.json' };
  response.text = JSON.stringify(document);
  return response;
};

SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  operationsSorter: 'none',
  persistAuthorization: false,
  responseInterceptor: forTrying,
  validatorUrl: null,
});
`;

const hour = 3_600;
const html = 'text/html; charset=utf-8';

const filesOf = (folder: string): ReadonlyMap<string, File> => {
  // The files are read at the first request.
  const packaged = (name: string) => (): Buffer => readFileSync(path.join(folder, name));
  return new Map([
    ['/docs', { type: html, read: () => Buffer.from(page) }],
    ['/docs/start.js', { type: 'text/javascript; charset=utf-8', read: () => Buffer.from(start) }],
    [
      '/docs/swagger-ui-bundle.js',
      { type: 'text/javascript; charset=utf-8', read: packaged('swagger-ui-bundle.js'), maxAgeSeconds: hour },
    ],
    [
      '/docs/swagger-ui.css',
      { type: 'text/css; charset=utf-8', read: packaged('swagger-ui.css'), maxAgeSeconds: hour },
    ],
    ['/docs/favicon.png', { type: 'image/png', read: packaged('favicon-32x32.png'), maxAgeSeconds: hour }],
  ]);
};

const headers = {
  // Swagger UI sets styles on its elements, and draws its icons from data: addresses.
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
};
