import { randomUUID } from 'node:crypto';
import { table } from '../table.ts';

/** The address and API key of a running server, as in demo.json. */
export type DemoTarget = { readonly baseUrl: string; readonly apiKey: string };

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };
type HistoryEvent = {
  readonly revision: number;
  readonly type: string;
  readonly effectiveAt: string;
  readonly recordedAt: string;
  readonly actor: { readonly type: string; readonly id: string };
  readonly reason: { readonly code: string } | null;
};

/** Thrown when a step of the demo fails. The message has the step and the answer. */
export class DemoFailed extends Error {
  override readonly name = 'DemoFailed';
}

const termSeconds = 12;
// A server sweeps every EXPIRY_SWEEP_SECONDS, by default 30 and at most an hour. The demo waits for two default rounds.
const announcementWaitMs = 75_000;

/**
 * Walks a new license through its whole life on a running server and prints every step: issued, activated, validated,
 * suspended, reinstated, expired, renewed, released, revoked. Throws DemoFailed at the first unexpected answer. Returns
 * the id of the license.
 */
export const walkLicense = async (target: DemoTarget, print: (line: string) => void): Promise<string> => {
  const call = caller(target);
  const fingerprint = `demo-${randomUUID()}`;
  let step = 0;
  const say = (what: string, result: string) => print(`${String(++step).padStart(2)}. ${what.padEnd(46)} ${result}`);

  const issued = await call('POST', '/v1/licenses', {
    tier: 'PRO',
    products: ['local_cli', 'cloud_ide'],
    term: { duration: `PT${termSeconds}S` },
    reason: { code: 'DEMO' },
  });
  demand(issued, 201, 'issue a license');
  const license = issued.body.license as { readonly id: string; readonly term: { readonly expiresAt: string } };
  const licenseKey = String(issued.body.licenseKey);
  const path = `/v1/licenses/${license.id}`;
  say(`issue a PRO license for ${termSeconds} seconds`, `${license.id}, ends ${license.term.expiresAt}`);

  const validate = async (what: string, expected: string, scope: object = { fingerprint }) => {
    const answer = await call('POST', '/v1/licenses/validate', { licenseKey, product: 'local_cli', ...scope });
    demand(answer, 200, what, { code: expected });
    say(what, `${expected} (valid: ${answer.body.valid})`);
  };
  const command = async (name: string, body: object, status: string) => {
    const answer = await call('POST', `${path}/${name}`, { reason: { code: 'DEMO' }, ...body });
    demand(answer, 200, name, { changed: true });
    say(name, `status ${(answer.body.license as { status: string }).status}`);
    if ((answer.body.license as { status: string }).status !== status) throw new DemoFailed(`${name}: not ${status}`);
  };

  await validate('validate on a device that is not activated', 'NOT_ACTIVATED');
  const activated = await call('POST', '/v1/licenses/activate', { licenseKey, product: 'local_cli', fingerprint });
  demand(activated, 201, 'activate');
  const { used, max } = (activated.body.limits as { activations: { used: number; max: number } }).activations;
  say('activate the device', `${used} of ${max} activations`);
  await validate('validate', 'VALID');
  await command('suspend', { reason: { code: 'PAYMENT' } }, 'SUSPENDED');
  await validate('validate', 'SUSPENDED');
  await command('reinstate', {}, 'ACTIVE');
  await validate('validate', 'VALID');

  const expiresAt = Date.parse(license.term.expiresAt);
  await until(expiresAt, () => print(`    … ${Math.max(0, Math.ceil((expiresAt - Date.now()) / 1_000))} s to go`));
  await validate('validate the moment the term has run out', 'EXPIRED');
  const expired = await announcement(call, path);
  say('the scheduled sweep announced it', `effective ${expired.effectiveAt}, recorded ${expired.recordedAt}`);

  await command('renew', { duration: 'P1Y', basis: 'FROM_NOW' }, 'ACTIVE');
  await validate('validate', 'VALID');
  demand(await call('POST', '/v1/licenses/deactivate', { licenseKey, fingerprint }), 200, 'deactivate');
  say('deactivate the device', 'released');
  await command('revoke', { reason: { code: 'DEMO_OVER' } }, 'REVOKED');
  await validate('validate', 'REVOKED');

  print(`\nIts history, GET ${path}/history:\n`);
  print(historyTable(await history(call, path)));
  return license.id;
};

const announcement = async (call: Call, path: string): Promise<HistoryEvent> => {
  const deadline = Date.now() + announcementWaitMs;
  while (Date.now() < deadline) {
    const expired = (await history(call, path)).find(({ type }) => type === 'LicenseExpired');
    if (expired) return expired;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  throw new DemoFailed(`no LicenseExpired within ${announcementWaitMs / 1_000} s: does a worker run?`);
};

const history = async (call: Call, path: string): Promise<readonly HistoryEvent[]> => {
  const answer = await call('GET', `${path}/history?limit=100`);
  demand(answer, 200, 'history');
  return answer.body.data as readonly HistoryEvent[];
};

const historyTable = (events: readonly HistoryEvent[]): string =>
  table(
    ['rev', 'event', 'effective at', 'recorded at', 'actor', 'reason'],
    events.map(({ revision, type, effectiveAt, recordedAt, actor, reason }) => [
      String(revision),
      type,
      effectiveAt,
      recordedAt,
      `${actor.type} ${actor.id}`,
      reason?.code ?? '',
    ]),
  );

type Call = (method: 'GET' | 'POST', path: string, body?: object) => Promise<Answer>;

const caller =
  ({ baseUrl, apiKey }: DemoTarget): Call =>
  async (method, path, body) => {
    const response = await fetch(new URL(path, baseUrl), {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body && { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };

const demand = (answer: Answer, status: number, what: string, fields: Readonly<Record<string, unknown>> = {}) => {
  const differs = Object.entries(fields).some(([name, value]) => answer.body[name] !== value);
  if (answer.status === status && !differs) return;
  throw new DemoFailed(
    `${what}: expected ${status} ${JSON.stringify(fields)}, got ${answer.status} ${JSON.stringify(answer.body)}`,
  );
};

const until = async (instant: number, tick: () => void) => {
  while (Date.now() < instant) {
    tick();
    await new Promise((resolve) => setTimeout(resolve, Math.min(3_000, instant - Date.now() + 5)));
  }
};
