import type { Server } from 'node:http';
import { type AppNeeds, createApp } from './http/app.ts';
import { createStoredFile } from './http/stored-file.ts';
import { serveDocsPage } from './openapi/docs-page.ts';
import { openApiText } from './openapi/document.ts';
import type { LocalGuide } from './pages/local-guide.ts';
import { serveConsole } from './pages/serve-console.ts';
import { servePages } from './pages/serve-pages.ts';
import type { Route } from './route.ts';
import { createRoutes, type RouteNeeds } from './routes.ts';

/** The needs of the API. The server process builds them. */
export type ApiNeeds = AppNeeds &
  RouteNeeds & {
    /** What pages tell a person at the machine of the server. Absent: nothing. */
    readonly guide?: LocalGuide | null;
  };

/** Returns the API: its operations, health, /openapi.json and the pages for people. The server is not listening yet. */
export const createApi = (needs: ApiNeeds): { readonly server: Server; readonly routes: readonly Route[] } => {
  const routes = createRoutes(needs);
  const { guide = null } = needs;
  const { version } = needs.version;
  const server = createApp(needs, routes, (serve, respond) => {
    // Building it takes a fifth of a second, which a start does not wait for.
    const document = { type: 'application/json', read: () => Buffer.from(openApiText(routes, version)) };
    serve('/openapi.json', createStoredFile(document, respond));
    serveDocsPage(serve, respond, guide);
    serveConsole(serve, respond, { signupMode: needs.accounts.signupMode });
    servePages(serve, respond, { version, guide });
  });
  return { server, routes };
};
