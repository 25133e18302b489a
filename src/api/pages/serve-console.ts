import { existsSync, readFileSync, statSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Request } from 'express';
import type { SignupMode } from '../../domain/organization/signup-mode.ts';
import { ownFile } from '../../own-files.ts';
import type { ServeFile } from '../http/app.ts';
import { requestIdsOf } from '../http/request-id.ts';
import type { Respond } from '../http/respond.ts';
import { createStoredFile } from '../http/stored-file.ts';
import { problem } from '../problems/problems.ts';
import { page, pageHeaders } from './shell.ts';

/** The policy of the console: scripts, styles and requests of this server only, and nothing inline. */
const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
};

const html = 'text/html; charset=utf-8';
const types: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};
// As src/console/index.html has it.
const builtMode = 'name="signup" content="closed"';
const yearSeconds = 31_536_000;
// The names that the build gives: they cannot lead to another folder.
const assetName = /^[\w-]+(?:\.[\w-]+)*\.(js|css)$/;

/** The settings of the console. `folder` has the files of the build, which may appear or change while the server runs. */
export type ConsoleNeeds = { readonly signupMode: SignupMode; readonly folder?: string };

/**
 * Serves the console at /console. Every address below it is the same page. Its script shows the screen of the address.
 * The page has the signup mode, so that it offers a signup only where one is allowed.
 */
export const serveConsole = (
  serve: ServeFile,
  respond: Respond,
  { signupMode, folder = fileURLToPath(ownFile('dist/console/')) }: ConsoleNeeds,
): void => {
  const assets = new Map<string, (response: ServerResponse) => Promise<void>>();
  const assetOf = (name: string) => {
    const [, ending = ''] = assetName.exec(name) ?? [];
    const file = `${folder}assets/${name}`;
    if (ending === '' || !existsSync(file)) return null;
    const known = assets.get(name);
    if (known !== undefined) return known;
    const stored = { type: types[ending] ?? '', headers, maxAgeSeconds: yearSeconds, isImmutable: true };
    const answer = createStoredFile({ ...stored, read: () => readFileSync(file) }, respond);
    assets.set(name, answer);
    return answer;
  };
  const answerPage = createPage({ folder, signupMode }, respond);
  serve('/console/assets/:name', (response, request) => {
    const answer = assetOf(String(request.params.name));
    return answer === null ? refuse(respond, response, request) : answer(response);
  });
  serve('/console', answerPage);
  serve('/console/{*path}', answerPage);
};

const refuse = (respond: Respond, response: ServerResponse, request: Request): void => {
  const unknown = problem('NOT_FOUND', 'The console has no such file. Reload its page: it has been built again.');
  respond.problem(response, unknown, { 'X-Request-Id': requestIdsOf(request.headers).requestId });
};

/** Returns the handler of the page. It sends the newest build, or says that the console is not built yet. */
const createPage = ({ folder, signupMode }: Required<ConsoleNeeds>, respond: Respond) => {
  const file = `${folder}index.html`;
  let builtMs = Number.NaN;
  let answer = (_response: ServerResponse): Promise<void> | undefined => undefined;
  return (response: ServerResponse): Promise<void> | undefined => {
    const changedMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    if (changedMs === undefined) {
      respond.file(response, html, Buffer.from(missing), { ...pageHeaders, Refresh: '2', 'Cache-Control': 'no-store' });
      return undefined;
    }
    if (changedMs !== builtMs) {
      builtMs = changedMs;
      const read = () =>
        Buffer.from(readFileSync(file, 'utf8').replace(builtMode, `name="signup" content="${signupMode}"`));
      answer = createStoredFile({ type: html, headers, read }, respond);
    }
    return answer(response);
  };
};

const missing = page('License Ledger', [
  '<h1>The console is not built yet</h1>',
  '<p>After <code>npm start</code> this takes some seconds, and this page then opens the console. When it does not, run <code>npm run build</code>.</p>',
]);
