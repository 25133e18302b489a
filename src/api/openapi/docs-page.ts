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
export const serveDocsPage = (serve: ServeFile, respond: Respond, guide: LocalGuide | null): void => {
  for (const [file, stored] of files) serve(file, createStoredFile({ ...stored, headers }, respond));
  serve('/docs/examples.json', (response) => {
    const demo = guideFor(guide, response.req)?.demo() ?? null;
    respond.json(response, 200, JSON.stringify(demoExamples(demo)), {});
  });
};

type File = Pick<StoredFile, 'type' | 'read' | 'maxAgeSeconds'>;

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
const files: ReadonlyMap<string, File> = new Map([
  ['/docs', { type: 'text/html; charset=utf-8', read: () => Buffer.from(page) }],
  ['/docs/start.js', { type: 'text/javascript; charset=utf-8', read: () => Buffer.from(start) }],
  [
    '/docs/swagger-ui-bundle.js',
    { type: 'text/javascript; charset=utf-8', read: packaged('swagger-ui-bundle.js'), maxAgeSeconds: hour },
  ],
  ['/docs/swagger-ui.css', { type: 'text/css; charset=utf-8', read: packaged('swagger-ui.css'), maxAgeSeconds: hour }],
  ['/docs/favicon.png', { type: 'image/png', read: packaged('favicon-32x32.png'), maxAgeSeconds: hour }],
]);

const headers = {
  // Swagger UI sets styles on its elements, and draws its icons from data: addresses.
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
};
