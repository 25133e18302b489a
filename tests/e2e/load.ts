import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/** One client that owns one license and sends it one command after the other, each until it is acknowledged. */
export type LoadClient = {
  /** What was acknowledged, in order: the event types its license's history must hold, exactly. */
  readonly acknowledged: string[];
  readonly licenseId: () => string | null;
  /** The request that is not acknowledged yet, and its last answer. */
  readonly pending: () => string;
  readonly done: Promise<void>;
};

export type Target = { baseUrl: string; apiKey: string };
type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };
type Step = {
  readonly path: (id: string) => string;
  readonly body: (key: string) => object;
  readonly events: readonly string[];
};

const reason = { reason: { code: 'LOAD' } };
const activation = (fingerprint: string): Step => ({
  path: () => '/v1/licenses/activate',
  body: (licenseKey) => ({ licenseKey, product: 'local_cli', fingerprint, name: 'load-device' }),
  events: ['ActivationRecorded'],
});
const release = (fingerprint: string): Step => ({
  path: () => '/v1/licenses/deactivate',
  body: (licenseKey) => ({ licenseKey, fingerprint }),
  events: ['ActivationDeactivated'],
});
const command = (name: string, body: object, event: string): Step => ({
  path: (id) => `/v1/licenses/${id}/${name}`,
  body: () => ({ ...reason, ...body }),
  events: [event],
});
/** One round of a license's life; every step changes it, so every acknowledged step is an event. */
const round = (): readonly Step[] => {
  const [first, second] = [randomUUID(), randomUUID()];
  return [
    activation(first),
    activation(second),
    command('suspend', { reason: { code: 'PAYMENT' } }, 'LicenseSuspended'),
    command('reinstate', {}, 'LicenseReinstated'),
    command('renew', { duration: 'P1M', basis: 'FROM_EXPIRY' }, 'LicenseRenewed'),
    release(first),
    release(second),
  ];
};

/** Starts a client. `target` may change while it runs (a restarted server); `running` false lets it finish its step. */
export const startClient = (target: Target, running: () => boolean): LoadClient => {
  const acknowledged: string[] = [];
  let licenseId: string | null = null;
  let pending = 'nothing was sent';
  const note = (text: string) => {
    pending = text;
  };
  const live = async () => {
    const body = { tier: 'PRO', products: ['local_cli'], ...reason };
    const issued = await acknowledge(target, { path: '/v1/licenses', body }, note);
    licenseId = (issued.body.license as { id: string }).id;
    const licenseKey = String(issued.body.licenseKey);
    acknowledged.push('LicenseIssued', 'LicenseKeyIssued');
    while (running()) {
      for (const { path, body, events } of round()) {
        await acknowledge(target, { path: path(licenseId), body: body(licenseKey) }, note);
        acknowledged.push(...events);
        if (!running()) return;
      }
    }
  };
  return { acknowledged, licenseId: () => licenseId, pending: () => pending, done: live() };
};

// On a busy machine, or after a crash of Postgres, a new license is not in the read models yet: `Ledger-Projected: false`.
const passing: ReadonlySet<string> = new Set(['IDEMPOTENCY_IN_FLIGHT', 'LICENSE_NOT_FOUND']);

/** Repeats a request with one Idempotency-Key until it gets a definite answer. Throws when that is a refusal. */
const acknowledge = async (
  target: Target,
  { path, body }: { readonly path: string; readonly body: object },
  note: (text: string) => void,
): Promise<Answer> => {
  const idempotencyKey = randomUUID();
  for (;;) {
    const answer = await send(target, path, body, idempotencyKey);
    note(`${path} ${answer === null ? 'without an answer' : `${answer.status} ${JSON.stringify(answer.body)}`}`);
    if (answer !== null && (answer.status === 200 || answer.status === 201)) return answer;
    const again = answer === null || answer.status >= 503 || passing.has(String(answer.body.code));
    if (!again) throw new Error(`${path} was answered ${answer.status} ${JSON.stringify(answer.body)}`);
    await delay(50);
  }
};

const send = async (target: Target, path: string, body: object, idempotencyKey: string): Promise<Answer | null> => {
  try {
    const response = await fetch(new URL(path, target.baseUrl), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${target.apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  } catch {
    return null; // Killed before, in or after the request: the outcome is unknown, so it is sent again.
  }
};
