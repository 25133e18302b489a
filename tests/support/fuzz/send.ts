import { type Agent, type IncomingHttpHeaders, request } from 'node:http';
import type { Draft } from './mutations.ts';

/** An answer. `text`: of a stream, which has no end, nothing. */
export type Received = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string };

/** Sends a request as it is drafted, over a connection that is kept. */
export const send = (baseUrl: string, agent: Agent, draft: Draft): Promise<Received> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(baseUrl);
    const body = draft.bytes ?? (draft.json === undefined ? null : Buffer.from(JSON.stringify(draft.json)));
    const headers = body === null ? draft.headers : { ...draft.headers, 'content-length': String(body.length) };
    const sent = request({ hostname, port, agent, method: draft.method, path: pathOf(draft), headers }, (answer) => {
      const { statusCode: status = 0 } = answer;
      if (answer.headers['content-type'] === 'text/event-stream') {
        answer.destroy();
        resolve({ status, headers: answer.headers, text: '' });
        return;
      }
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status, headers: answer.headers, text }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });

/** The path as it goes over the wire. What begins with a percent sign goes as it is, however wrong. */
export const pathOf = ({ path, params, query }: Draft): string => {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encoded(params[name] ?? ''));
  const parts = query.map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  return parts.length === 0 ? filled : `${filled}?${parts.join('&')}`;
};

// Half a surrogate pair has no encoding; through a buffer it becomes what stands for such.
const encoded = (text: string): string =>
  /^%[\w%]*$/.test(text) ? text : encodeURIComponent(Buffer.from(text).toString());
