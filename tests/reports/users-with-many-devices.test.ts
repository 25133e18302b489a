import { afterAll, beforeAll, expect, test } from 'vitest';
import { stamp } from '../../src/domain/decider.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import type { LicenseEvent } from '../../src/domain/license/events.ts';
import { validationView } from '../../src/domain/license/validation/validation-view.ts';
import { validate } from '../../src/domain/license/validation/validity.ts';
import { aggregateId, newCommandId } from '../../src/eventstore/uuids.ts';
import { fingerprintHashes } from '../../src/identity/fingerprint.ts';
import { command, followedBy, policyWith } from '../domain/license/commands.ts';
import { activatedEvent, given, issued, licenseAfter, noon, on } from '../domain/license/examples.ts';
import { carryOut, decisionOn } from '../domain/license/many-devices.ts';
import { issueDirectly, sendTo } from '../support/issue-directly.ts';
import type { Ledger } from '../support/ledger.ts';
import { testHash } from '../support/license-fixtures.ts';
import { shareLedger } from '../support/shared-ledger.ts';
import { sized } from '../support/size.ts';

// People complained that a colleague who had left went on working on every device above the two hundredth.

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

const policy = policyWith({ deactivateOnUnassign: true });
const limits = (count: number) => ({ activations: count, seats: count, users: 2, meters: {} });
const unassign = command('UnassignUser', { userRef: 'usr_a', cause: 'ADMIN' });
const assigned = (userRef: string) => command('AssignUser', { userRef });
const devicesOf = (userRef: string, from: number, count: number) =>
  Array.from({ length: count }, (_, index) =>
    on(noon, {
      ...activatedEvent(`d${from + index}`, from + index + 1),
      data: { ...activatedEvent(`d${from + index}`, from + index + 1).data, userRef },
    }),
  );

test('Unassigning a user ends all of a thousand devices at once, and announces each of them once', () => {
  const users = followedBy([issued({ policy, limits: limits(2_000) })], assigned('usr_a'), assigned('usr_b'));
  const history = [...users, ...devicesOf('usr_a', 0, 1_000), ...devicesOf('usr_b', 1_000, 5)];
  const license = licenseAfter(...history);
  const decided = decisionOn(license, unassign);
  expect(decided.length).toBeLessThanOrEqual(200);
  const [decisive] = decided;
  if (decisive === undefined) throw new Error('The user was unassigned.');
  // Also when the process dies after the first event.
  const after = licenseAfter(...history, stamp(decisive, noon));
  expect(after.facts.usage).toMatchObject({ activations: 5, users: 1 });
  for (const fingerprint of ['hash-d0', 'hash-d999']) {
    const scope = { product: null, fingerprint };
    expect(validate(validationView(after, scope), scope, noon).code).toBe('NOT_ACTIVATED');
  }
  const announced = carryOut(after, noon).flat();
  expect(announced).toHaveLength(1_000);
  const idOf = (event: LicenseEvent) => (event.type === 'ActivationDeactivated' ? event.data.activationId : '');
  expect(new Set(announced.map(idOf)).size).toBe(1_000);
  expect(after.facts.usage).toMatchObject({ activations: 5, users: 1 });
  expect(licenseDecider.decide(unassign, after, () => 'evt')).toEqual([]);
});

test('A user with more devices than one append can name is not unassigned by halves', () => {
  const history = [
    ...followedBy([issued({ policy, limits: limits(9_000) })], assigned('usr_a')),
    ...devicesOf('usr_a', 0, 6_001),
  ];
  given(...history)
    .when(unassign)
    .thenRejected('INVALID_REQUEST');
});

test('The answer, GET, lists and validation agree at once after a user of many devices was unassigned', async () => {
  const count = sized(1_000, 230);
  const { licenseId, licenseKey } = await issueDirectly(ledger, {
    policy: { deactivateOnUnassign: true },
    limits: limits(count),
  });
  const call = (method: string, path: string, body?: object) =>
    ledger.call(method, `/v1/licenses/${path}`, { key: ledger.a.apiKey, ...(body === undefined ? {} : { body }) });
  const { body } = await call('POST', `${licenseId}/users`, { user: 'ada' });
  const userRef = String(body.user);
  const [known = ''] = fingerprintHashes(ledger.secrets, ledger.a.organizationId, 'laptop');
  const hashes = [known, ...Array.from({ length: count - 1 }, (_, index) => testHash(`${licenseId}${index}`))];
  const data = { product: null, nameRef: null, platform: null, appVersion: null, userRef };
  await Promise.all(
    hashes.map((fingerprintHash) => {
      const activationId = encodeId('act', aggregateId(newCommandId(), 'activation'));
      return sendTo(ledger, licenseId, { type: 'Activate', data: { ...data, activationId, fingerprintHash } });
    }),
  );
  const codeNow = async () => (await call('POST', 'validate', { licenseKey, fingerprint: 'laptop' })).body.code;
  const listed = async () => (await call('GET', `${licenseId}/activations`)).body.data?.length;
  expect([await codeNow(), (await listed()) ?? 0]).toEqual(['VALID', expect.any(Number)]);
  const answer = await call('DELETE', `${licenseId}/users/${userRef}`);
  expect([answer.status, answer.body.license?.usage]).toMatchObject([200, { activations: 0, users: 0 }]);
  await ledger.projected.waitFor(BigInt(answer.headers.get('ledger-position') ?? 0), 10_000);
  expect((await call('GET', licenseId)).body.usage).toMatchObject({ activations: 0, users: 0 });
  expect([await codeNow(), await listed()]).toEqual(['NOT_ACTIVATED', 0]);
});
