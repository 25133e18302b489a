import type { Route } from '../../../src/api/route.ts';
import type { Ledger } from '../../support/ledger.ts';
import type { Credential } from '../authorization/credentials.ts';
import type { Made } from '../authorization/subject.ts';

/** An answer, read to its end; of a stream the beginning. */
export type Sent = { readonly status: number; readonly headers: Headers; readonly text: string };

/** Sends a request with a caller's credential, unless the request has one of its own. */
export const send = async (
  { baseUrl }: Ledger,
  { method }: Route,
  { path, body, headers = {}, authorization }: Made,
  caller: Pick<Credential, 'authorization'>,
): Promise<Sent> => {
  const credential = authorization ?? caller.authorization;
  const response = await fetch(`${baseUrl}${path}`, {
    method: method.toUpperCase(),
    headers: {
      'x-request-id': 'the-same',
      ...(credential === null ? {} : { authorization: credential }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const isStream = response.headers.get('content-type') === 'text/event-stream';
  return {
    status: response.status,
    headers: response.headers,
    text: isStream ? await beginningOf(response) : await response.text(),
  };
};

const beginningOf = async ({ body }: Response): Promise<string> => {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (reader !== undefined && text.length < 20_000 && !text.includes('still here')) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader?.cancel();
  return text;
};
