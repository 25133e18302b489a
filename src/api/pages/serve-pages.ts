import type { IncomingMessage } from 'node:http';
import type { ServeFile } from '../http/app.ts';
import type { Respond } from '../http/respond.ts';
import { createStoredFile } from '../http/stored-file.ts';
import { problemsPage } from '../problems/problems-page.ts';
import { landingPage } from './landing-page.ts';
import { landingJson, landingText } from './landing-text.ts';
import { guideFor, type LocalGuide } from './local-guide.ts';
import { pageHeaders, styleSheet } from './shell.ts';

const html = 'text/html; charset=utf-8';

/** The pages besides /docs. `guide`: what only a person at the machine of the server sees. Null: nothing. */
export type PageNeeds = { readonly version: string; readonly guide: LocalGuide | null };

/**
 * Serves `/`, /problems with its search, and their style sheet. A browser gets `/` as a page, a client that prefers JSON
 * gets JSON, and every other one a text.
 */
export const servePages = (serve: ServeFile, respond: Respond, { version, guide }: PageNeeds): void => {
  serve(
    '/style.css',
    createStoredFile({ type: 'text/css; charset=utf-8', read: () => Buffer.from(styleSheet) }, respond),
  );
  serve('/', (response, request) => {
    response.appendHeader('Vary', 'Accept');
    const form = request.accepts(['text', 'json', 'html']);
    if (form === 'html') {
      const text = landingPage(version, addressOf(request), guideFor(guide, request));
      respond.file(response, html, Buffer.from(text), pageHeaders);
    } else if (form === 'json') respond.text(response, 'application/json; charset=utf-8', landingJson(version));
    else respond.text(response, 'text/plain; charset=utf-8', landingText(version));
  });
  serve('/problems', (response) => {
    const { searchParams } = new URL(response.req.url ?? '/', 'http://localhost');
    const text = problemsPage(searchParams.get('q') ?? '');
    respond.file(response, html, Buffer.from(text), pageHeaders);
  });
};

// Only for a page that a local request gets, and guideFor has checked its Host.
const addressOf = ({ headers }: IncomingMessage): string => `http://${headers.host ?? ''}`;
