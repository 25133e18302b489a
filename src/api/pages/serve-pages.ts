import type { IncomingMessage } from 'node:http';
import type { ServeFile } from '../http/app.ts';
import type { Respond } from '../http/respond.ts';
import { createStoredFile } from '../http/stored-file.ts';
import { problemsPage } from '../problems/problems-page.ts';
import { landingPage } from './landing-page.ts';
import { guideFor, type LocalGuide } from './local-guide.ts';
import { pageHeaders, styleSheet } from './shell.ts';

const html = 'text/html; charset=utf-8';

/** The pages besides /docs. `guide`: what only a person at the machine of the server sees. Null: nothing. */
export type PageNeeds = { readonly version: string; readonly guide: LocalGuide | null };

/**
 * Serves the page at `/` to browsers, /problems with its search, and their style sheet. Other clients get the same
 * answer at `/` as at every path without an operation.
 */
export const servePages = (serve: ServeFile, respond: Respond, { version, guide }: PageNeeds): void => {
  serve(
    '/style.css',
    createStoredFile({ type: 'text/css; charset=utf-8', read: () => Buffer.from(styleSheet) }, respond),
  );
  serve(
    '/',
    (response) => {
      const text = landingPage(version, addressOf(response.req), guideFor(guide, response.req));
      response.appendHeader('Vary', 'Accept');
      respond.file(response, html, Buffer.from(text), pageHeaders);
    },
    { onlyForBrowsers: true },
  );
  serve('/problems', (response) => {
    const { searchParams } = new URL(response.req.url ?? '/', 'http://localhost');
    const text = problemsPage(searchParams.get('q') ?? '');
    respond.file(response, html, Buffer.from(text), pageHeaders);
  });
};

// Only for a page that a local request gets, and guideFor has checked its Host.
const addressOf = ({ headers }: IncomingMessage): string => `http://${headers.host ?? ''}`;
