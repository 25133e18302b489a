import { beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { clientOf, outline } from '../api/client/client.ts';
import { issueDirectly } from '../support/issue-directly.ts';
import type { Answer, Ledger } from '../support/ledger.ts';
import { shareLedger } from '../support/shared-ledger.ts';

let ledger: Ledger;
let client: ReturnType<typeof clientOf>;
let store: ReturnType<Ledger['store']['connect']>;
beforeAll(async () => {
  ledger = await shareLedger();
  client = clientOf(ledger);
  store = ledger.store.connect();
});

const first = { fingerprint: 'device-1', name: 'My laptop', platform: 'linux', appVersion: '1.0.0' };
const activate = (licenseKey: string, changes: object = {}) =>
  client.post('activate', licenseKey, { ...first, ...changes });
const updatesOf = async (licenseId: string) => {
  const { events } = await store.read(licenseAggregate.stream(licenseId));
  return events.filter(({ type }) => type === 'ActivationUpdated').map(({ data }) => data);
};
const storedNames = async (activationId: unknown) => {
  const query = 'select ref, value from vault.personal_values where subject = $1 order by value';
  return (await ledger.database.superuser.query<{ ref: string; value: string }>(query, [activationId])).rows;
};
const device = ({ status, body: { activation, changed } }: Answer) => [
  status,
  changed,
  activation?.name,
  activation?.platform,
  activation?.appVersion,
];
const listed = async (licenseId: string) => {
  const answer = await ledger.call('GET', `/v1/licenses/${licenseId}/activations`, { key: ledger.a.apiKey });
  return (answer.body.data as unknown as Record<string, unknown>[]).map(({ name, platform, appVersion }) => [
    name,
    platform,
    appVersion,
  ]);
};

describe('A device that is activated again', () => {
  test('with a new version shows it in the answer, the list and the history, by one event', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger);
    const { body } = await activate(licenseKey);
    const again = await activate(licenseKey, { appVersion: '1.1.0' });
    expect(device(again)).toEqual([200, true, 'My laptop', 'linux', '1.1.0']);
    const lastSeenAt = expect.any(String);
    const updated = { appVersion: '1.1.0', lastVersion: '1.1.0', lastSeenAt };
    expect(again.body.activation).toEqual({ ...body.activation, ...updated });
    for (let start = 0; start < 3; start++)
      expect(device(await activate(licenseKey, { appVersion: '1.1.0' }))).toEqual([
        200,
        false,
        'My laptop',
        'linux',
        '1.1.0',
      ]);
    expect(await updatesOf(licenseId)).toEqual([{ activationId: body.activation?.id, appVersion: '1.1.0' }]);
    await client.post('validate', licenseKey);
    expect(await listed(licenseId)).toEqual([['My laptop', 'linux', '1.1.0']]);
    const history = await ledger.call('GET', `/v1/licenses/${licenseId}/history`, { key: ledger.a.apiKey });
    expect(history.text).toContain('"type":"ActivationUpdated"');
    expect(history.text).not.toContain('My laptop');
  });

  test('with the same name stores no second name, and with another name shows that one', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger);
    await activate(licenseKey);
    expect(device(await activate(licenseKey))[1]).toBe(false);
    expect(device(await activate(licenseKey, { name: 'Her laptop' })).slice(1, 3)).toEqual([true, 'Her laptop']);
    expect(device(await activate(licenseKey, { name: 'Her laptop' })).slice(1, 3)).toEqual([false, 'Her laptop']);
    const { name: _, ...unnamed } = first;
    expect(device(await client.post('activate', licenseKey, unnamed)).slice(1, 3)).toEqual([false, 'Her laptop']);
    expect(await updatesOf(licenseId)).toEqual([
      { activationId: expect.any(String), nameRef: expect.stringMatching(/^ref_/) },
    ]);
    expect(await listed(licenseId)).toEqual([['Her laptop', 'linux', '1.0.0']]);
  });

  test('by the key with two new names on one day stores the first of them', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger);
    const { body } = await activate(licenseKey);
    expect(device(await activate(licenseKey, { name: 'Second' })).slice(1, 3)).toEqual([true, 'Second']);
    const third = { name: 'Third', appVersion: '1.1.0' };
    expect(device(await activate(licenseKey, third))).toEqual([200, true, 'Second', 'linux', '1.1.0']);
    expect((await storedNames(body.activation?.id)).map(({ value }) => value)).toEqual(['My laptop', 'Second']);
    expect(await updatesOf(licenseId)).toHaveLength(2);
  });

  test('at the same time by two applications stores only the names that events have', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger);
    const { body } = await activate(licenseKey);
    const others = [
      { name: 'One', appVersion: '2.0.0' },
      { name: 'Two', platform: 'macos' },
      { name: 'Three', components: { disk: 'd1' } },
    ];
    const answers = await Promise.all(others.map((changes) => activate(licenseKey, changes)));
    expect(answers.map((answer) => device(answer)[1])).toEqual([true, true, true]);
    const names = (await updatesOf(licenseId)).flatMap((data) => ('nameRef' in data ? [data.nameRef] : []));
    const renamed = (await storedNames(body.activation?.id)).filter(({ value }) => value !== 'My laptop');
    expect(renamed.map(({ ref }) => ref)).toEqual(names);
    expect(names).toHaveLength(1);
  });

  test('by a device that may not rename it stores no name', async () => {
    const policy = { fingerprintMatching: 'ANY', deviceNamesByKey: false } as const;
    const { licenseId, licenseKey } = await issueDirectly(ledger, { policy });
    const { body } = await activate(licenseKey, { components: { disk: 'd1' } });
    const other = { fingerprint: 'device-2', components: { disk: 'd1' }, name: 'Intruder', appVersion: '6.6.6' };
    expect(device(await activate(licenseKey, other))).toEqual([200, true, null, 'linux', '6.6.6']);
    expect(await updatesOf(licenseId)).toEqual([{ activationId: body.activation?.id, appVersion: '6.6.6' }]);
    expect((await storedNames(body.activation?.id)).map(({ value }) => value)).toEqual(['My laptop']);
  });

  test('with one Idempotency-Key again and again updates once and gets the first answer', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger);
    await activate(licenseKey);
    const send = () =>
      ledger.call('POST', '/v1/licenses/activate', {
        body: { licenseKey, ...first, name: 'New', appVersion: '2.0.0' },
        headers: { 'idempotency-key': `update-${licenseId}` },
      });
    const answers = [await send(), ...(await Promise.all([send(), send()]))].filter(({ status }) => status === 200);
    for (const answer of answers) expect(device(answer)).toEqual([200, true, 'New', 'linux', '2.0.0']);
    expect(await updatesOf(licenseId)).toHaveLength(1);
  });

  test('with components in another spelling, or under the same values, changes nothing', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger);
    await activate(licenseKey, { components: { disk: 'D1', board: 'B1' } });
    expect(device(await activate(licenseKey, { components: { board: 'B1\n', disk: ' D1' } }))[1]).toBe(false);
    expect(device(await activate(licenseKey, { components: { board: 'B2', disk: 'D1' } }))[1]).toBe(true);
    expect(await updatesOf(licenseId)).toHaveLength(1);
  });

  test('by another assigned user belongs to that user', async () => {
    const { licenseId, licenseKey } = await issueDirectly(ledger);
    for (const user of ['ada', 'bob']) await client.assign(licenseId, user);
    await activate(licenseKey, { user: 'ada' });
    const codeFor = async (user: string) =>
      (await client.post('validate', licenseKey, { fingerprint: 'device-1', user })).body.code;
    expect([await codeFor('ada'), await codeFor('bob')]).toEqual(['VALID', 'USER_NOT_ASSIGNED']);
    expect(outline(await activate(licenseKey, { user: 'bob' }))).toEqual([200]);
    expect([await codeFor('ada'), await codeFor('bob')]).toEqual(['USER_NOT_ASSIGNED', 'VALID']);
  });
});
