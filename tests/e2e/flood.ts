import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { expect } from 'vitest';
import { type Api, type ApiAnswer, sendOnce } from '../support/two-apis.ts';

export type FloodedLicense = { readonly id: string; readonly key: string; readonly apiKey: string };

/** Issues a license for `activations` devices. */
export const issueLimited = async (baseUrl: string, apiKey: string, activations: number): Promise<FloodedLicense> => {
  const body = { tier: 'PRO', products: ['local_cli'], limits: { activations } };
  const issued = await sendOnce({ baseUrl, path: '/v1/licenses', key: apiKey, body });
  expect(issued.status).toBe(201);
  return { id: (issued.body.license as { id: string }).id, key: String(issued.body.licenseKey), apiKey };
};

type Activation = {
  readonly fingerprint: string;
  readonly idempotencyKey: string;
  readonly baseUrl: string;
  /** Each device is somewhere else. */
  readonly address: string;
};

/**
 * Activates `count` devices at once, over one API process after the other. Repeats what was refused for now until it has
 * a definite answer. Returns the devices that were activated, and how often each answer came.
 */
export const flood = async (
  apis: readonly Api[],
  { key }: FloodedLicense,
  count: number,
): Promise<{ readonly activated: readonly string[]; readonly answers: Readonly<Record<string, number>> }> => {
  const agent = new Agent({ keepAlive: true });
  const answers: Record<string, number> = {};
  const activated: string[] = [];
  const activate = async (activation: Activation): Promise<Activation | null> => {
    const answer = await post(agent, activation, key);
    const name = nameOf(answer);
    answers[name] = (answers[name] ?? 0) + 1;
    if (answer.status === 201) activated.push(activation.fingerprint);
    return mayRepeat(answer) ? activation : null;
  };
  let waiting: readonly Activation[] = Array.from({ length: count }, (_, index) => ({
    fingerprint: `device-${index}`,
    idempotencyKey: randomUUID(),
    baseUrl: apis[index % apis.length]?.baseUrl ?? '',
    address: `10.0.${Math.floor(index / 256)}.${index % 256}`,
  }));
  for (let size = count; waiting.length > 0; size = repeatsMax) {
    const answered = await Promise.all(waiting.slice(0, size).map(activate));
    waiting = [...waiting.slice(size), ...answered.filter((each) => each !== null)];
  }
  agent.destroy();
  return { activated, answers };
};

const repeatsMax = 200;

/** The answer as a text that a test compares: with `Retry-After` or without. */
const nameOf = ({ status, retryAfter, body }: ApiAnswer): string =>
  [status, body.code ?? '', retryAfter === null ? '' : 'Retry-After'].join(' ').trim();

const mayRepeat = ({ status, body }: ApiAnswer): boolean =>
  status === 503 || status === 429 || body.code === 'CONCURRENT_MODIFICATION';

/** `fetch` gives a connection up after ten seconds. On a busy machine, thousands at once take longer. */
const post = (
  agent: Agent,
  { fingerprint, idempotencyKey, baseUrl, address }: Activation,
  key: string,
): Promise<ApiAnswer> =>
  new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': idempotencyKey,
      'x-forwarded-for': address,
    };
    const sent = request(`${baseUrl}/v1/licenses/activate`, { method: 'POST', headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('error', reject).on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'] ?? null,
          body: JSON.parse(text),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(JSON.stringify({ licenseKey: key, fingerprint }));
  });

/** Does the usual work of a tenant until `running` is false. Returns the statuses of its answers. */
export const workAsUsual = async (baseUrl: string, apiKey: string, running: () => boolean): Promise<number[]> => {
  const { id, key } = await issueLimited(baseUrl, apiKey, 1_000);
  const statuses: number[] = [];
  const send = async (path: string, body?: object) => {
    const { status } = await sendOnce({ baseUrl, path, key: apiKey, ...(body !== undefined && { body }) });
    statuses.push(status);
  };
  do {
    await send('/v1/licenses/activate', { licenseKey: key, fingerprint: randomUUID() });
    await send('/v1/licenses/validate', { licenseKey: key });
    await send(`/v1/licenses/${id}/renew`, { duration: 'P1D' });
    await send(`/v1/licenses/${id}`);
  } while (running());
  return statuses;
};

/** Returns the fingerprint-bound devices of a license, page by page. */
export const countDevices = async (baseUrl: string, { id, apiKey }: FloodedLicense): Promise<number> => {
  let count = 0;
  for (let cursor: string | null = null; ; ) {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { body } = await sendOnce({ baseUrl, path: `/v1/licenses/${id}/activations?limit=100${query}`, key: apiKey });
    count += (body.data as readonly object[]).length;
    cursor = (body.nextCursor as string | null) ?? null;
    if (cursor === null) return count;
  }
};
