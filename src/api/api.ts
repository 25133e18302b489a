import type { Server } from 'node:http';
import { type AppNeeds, createApp } from './http/app.ts';
import { serveDocsPage } from './openapi/docs-page.ts';
import { openApiText } from './openapi/document.ts';
import { problemsPage } from './problems/problems-page.ts';
import type { Route } from './route.ts';
import { createRoutes, type RouteNeeds } from './routes.ts';

/** The needs of the API. The server process builds them. */
export type ApiNeeds = AppNeeds & RouteNeeds;

/** Returns the API: its operations, health, /openapi.json, /docs and /problems. The server is not listening yet. */
export const createApi = (needs: ApiNeeds): { readonly server: Server; readonly routes: readonly Route[] } => {
  const routes = createRoutes(needs);
  // Building it takes a fifth of a second, which a start does not wait for.
  let document: string | undefined;
  const page = problemsPage();
  const server = createApp(needs, routes, (serve, respond) => {
    serve('/openapi.json', (response) => {
      document ??= openApiText(routes, needs.version.version);
      respond.text(response, 'application/json', document);
    });
    serveDocsPage(serve, respond);
    serve('/problems', (response) => respond.text(response, 'text/html; charset=utf-8', page));
  });
  return { server, routes };
};
