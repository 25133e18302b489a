import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { table } from '../table.ts';
import { createDemoCall, type DemoAnswer, type DemoCall, type DemoTarget } from './demo-api.ts';
import { endOfExpiries, untilExpiryArrives } from './follow-expiries.ts';

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

const leadMs = 4_000;
// A server sweeps every EXPIRY_SWEEP_SECONDS, by default 30 and at most an hour.
const hintAfterMs = 75_000;

/**
 * Walks a new license through its whole life on a running server and prints every step: issued, activated, validated,
 * suspended, reinstated, expired, renewed, released, revoked. Throws DemoFailed at the first unexpected answer. Returns
 * the id of the license.
 */
export const walkLicense = async (target: DemoTarget, print: (line: string) => void): Promise<string> => {
  const call = createDemoCall(target, print);
  const fingerprint = `demo-${randomUUID()}`;
  let step = 0;
  const say = (what: string, result: string) => print(`${String(++step).padStart(2)}. ${what.padEnd(46)} ${result}`);

  const issued = await call('POST', '/v1/licenses', {
    tier: 'PRO',
    products: ['local_cli', 'cloud_ide'],
    term: { duration: 'P1D' },
    reason: { code: 'DEMO' },
  });
  demand(issued, 201, 'issue a license');
  const license = issued.body.license as { readonly id: string; readonly term: Term };
  const licenseKey = String(issued.body.licenseKey);
  const path = `/v1/licenses/${license.id}`;
  // The clock of the server, which may differ from that of this process.
  const offsetMs = Date.parse(license.term.startsAt) - Date.now();
  const serverMs = () => Date.now() + offsetMs;
  say('issue a PRO license for a day', `${license.id}, ends ${license.term.expiresAt}`);

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

  const cursor = await endOfExpiries(call);
  const expiresMs = await moveEnd(call, path, serverMs);
  say(`move the end of the term to ${leadMs / 1_000} seconds from now`, `ends ${new Date(expiresMs).toISOString()}`);
  await until(expiresMs, serverMs, () => print(`    … ${Math.ceil((expiresMs - serverMs()) / 1_000)} s to go`));
  await validate('validate the moment the term has run out', 'EXPIRED');
  const expired = await announcement({ call, target, print }, license.id, cursor);
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

type Term = { readonly startsAt: string; readonly expiresAt: string };

/** Moves the end of the term to a near instant, and returns it. A slow server gets a later one. */
const moveEnd = async (call: DemoCall, path: string, serverMs: () => number): Promise<number> => {
  for (let aheadMs = leadMs; ; aheadMs *= 2) {
    const to = new Date(serverMs() + aheadMs).toISOString();
    const moved = await call('POST', `${path}/expiry`, { to, reason: { code: 'DEMO' } });
    // The instant had passed when the server decided.
    if (moved.body.code === 'TERM_INVALID' && aheadMs < aheadMaxMs) continue;
    demand(moved, 200, 'move the end', { changed: true });
    return Date.parse(to);
  }
};

const aheadMaxMs = 3_600_000;

type Announced = {
  readonly call: DemoCall;
  readonly target: DemoTarget;
  readonly print: (line: string) => void;
};

/** Waits on the event stream until the sweep has recorded the expiry. */
const announcement = async (
  { call, target, print }: Announced,
  licenseId: string,
  cursor: string,
): Promise<HistoryEvent> => {
  print('    … waits for the sweep of the server, which records ended terms every EXPIRY_SWEEP_SECONDS (default: 30)');
  const hint = setInterval(
    () => print('    … still waits for the sweep. Does a process with the role worker run? Ctrl-C ends the demo.'),
    hintAfterMs,
  );
  await untilExpiryArrives(target, licenseId, cursor).finally(() => clearInterval(hint));
  const expired = (await history(call, `/v1/licenses/${licenseId}`)).find(({ type }) => type === 'LicenseExpired');
  if (expired === undefined) throw new DemoFailed('the history lacks the LicenseExpired of the event stream');
  return expired;
};

const history = async (call: DemoCall, path: string): Promise<readonly HistoryEvent[]> => {
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

const demand = (answer: DemoAnswer, status: number, what: string, fields: Readonly<Record<string, unknown>> = {}) => {
  const differs = Object.entries(fields).some(([name, value]) => answer.body[name] !== value);
  if (answer.status === status && !differs) return;
  throw new DemoFailed(
    `${what}: expected ${status} ${JSON.stringify(fields)}, got ${answer.status} ${JSON.stringify(answer.body)}`,
  );
};

const until = async (endMs: number, nowMs: () => number, tick: () => void): Promise<void> => {
  while (nowMs() < endMs) {
    tick();
    await delay(Math.min(3_000, Math.max(0, endMs - nowMs()) + 5));
  }
};
