import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ClientRequest } from '../../../src/application/client-license.ts';
import { activateDevice } from '../../../src/application/devices/activate-device.ts';
import { reserveDevice } from '../../../src/application/devices/reserve-device.ts';
import type { PinnedPolicy } from '../../../src/domain/license/policy.ts';
import { createExecutor, type Executor } from '../../../src/eventstore/executor/execute.ts';
import { newCommandId } from '../../../src/eventstore/uuids.ts';
import { fingerprintHashes } from '../../../src/identity/fingerprint.ts';
import { parseSecrets } from '../../../src/identity/secrets.ts';
import { createValidationReader } from '../../../src/projections/queries/validation.ts';
import { issueDirectly, sendTo } from '../../support/issue-directly.ts';
import { type Answer, type Ledger, startLedger } from '../../support/ledger.ts';
import { testId } from '../../support/license-fixtures.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());
afterEach(() => {
  ledger.clock.aheadMs = 0;
});

type Issued = { readonly licenseId: string; readonly licenseKey: string };
type Fields = Parameters<typeof issueDirectly>[1];

const issue = (policy: Partial<PinnedPolicy> = {}, fields: Fields = {}): Promise<Issued> =>
  issueDirectly(ledger, { ...fields, policy: { fingerprintUniqueness: 'ISSUER', ...policy } });
const send = (path: string, { licenseKey }: Issued, body: object) =>
  ledger.call('POST', `/v1/licenses/${path}`, { body: { licenseKey, ...body } });
const activate = (license: Issued, fingerprint: string) => send('activate', license, { fingerprint });
const accepted = async (answer: Promise<Answer>) => {
  const { status, text } = await answer;
  expect([200, 201], text).toContain(status);
};
const manage = (path: string, { licenseId }: Issued, body: object) =>
  accepted(ledger.call('POST', `/v1/licenses/${licenseId}/${path}`, { key: ledger.a.apiKey, body }));
const elsewhere = { status: 409, body: { code: 'DEVICE_ACTIVE_ELSEWHERE', errors: [{ pointer: '/fingerprint' }] } };

/** The needs and the request of an activation, as another process or secret has them. */
const partsOf = async (
  { licenseId }: Issued,
  changed: Partial<{ executor: Executor; secrets: Ledger['secrets'] }> = {},
) => {
  const validations = createValidationReader(ledger.database.api);
  const license = await validations.byId(ledger.a.organizationId, licenseId);
  if (license === null) throw new Error('The license was not projected.');
  const observations = { validated: () => {}, sawDevice: () => {}, denied: () => {}, takeAll: () => never() };
  const needs = { ...ledger.needs, store: ledger.store.connect(), validations, observations, ...changed };
  const request: ClientRequest = {
    call: { requestId: newCommandId(), correlationId: newCommandId(), expectedRevision: null },
    attempt: {
      commandId: newCommandId(),
      requestHash: 'ab'.repeat(32),
      earlierRequestHashes: [],
      secret: '',
      whenOnly: async () => undefined,
    },
    actor: { type: 'CLIENT', id: licenseId, onBehalfOf: null },
    by: { kind: 'keyHolder', keyVersion: 1 },
    license,
    clientNetwork: () => '',
  };
  return { needs, request };
};
/** Returns another request with the same content. */
const anew = (request: ClientRequest): ClientRequest => ({
  ...request,
  attempt: { ...request.attempt, commandId: newCommandId() },
});
const never = (): never => {
  throw new Error('Nothing is written here.');
};

/** Reserves a device for a license as an attempt that dies before its activation. */
const dieBeforeActivation = async (license: Issued, fingerprint: string) => {
  const { needs, request } = await partsOf(license);
  const { organizationId: issuerOrgId } = ledger.a;
  const reserved = await reserveDevice(
    { ...needs, ...request, issuerOrgId, licenseId: license.licenseId },
    {
      places: [{ scope: 'ISSUER', of: issuerOrgId }],
      fingerprintHashes: fingerprintHashes(needs.secrets, issuerOrgId, fingerprint),
      activationId: testId('act', license.licenseId),
    },
  );
  expect(reserved).toMatchObject({ activationIds: [testId('act', license.licenseId)] });
};

describe('A device under a policy for one license of the issuer', () => {
  test('is refused on a second license, until the first one releases it', async () => {
    const [first, second] = [await issue(), await issue()];
    expect(await activate(first, 'one')).toMatchObject({ status: 201 });
    expect(await activate(first, 'one')).toMatchObject({ status: 200 });
    const refused = await activate(second, 'one');
    expect(refused).toMatchObject(elsewhere);
    expect(refused.text).not.toContain(first.licenseId);
    const { status } = await send('swap', second, { release: { fingerprint: 'none' }, fingerprint: 'one' });
    expect(status).toBe(404);
    expect(await send('deactivate', first, { fingerprint: 'one' })).toMatchObject({ status: 200 });
    expect(await activate(second, 'one')).toMatchObject({ status: 201 });
    expect(await activate(first, 'one')).toMatchObject(elsewhere);
  });

  test('is no matter for another issuer, nor for a license whose policy has no such scope', async () => {
    const [first, wide, plain] = [await issue(), await issue(), await issueDirectly(ledger)];
    const { b } = ledger;
    const foreign = await issueDirectly({ ...ledger, a: b }, { policy: { fingerprintUniqueness: 'ISSUER' } });
    for (const license of [plain, first, foreign]) expect((await activate(license, 'two')).status).toBe(201);
    expect(await activate(wide, 'two')).toMatchObject(elsewhere);
  });

  test('is named to callers who may read the other license only', async () => {
    const holderOrgId = ledger.b.organizationId;
    const [first, second] = [await issue(), await issue({}, { holderOrgId })];
    await activate(first, 'three');
    const by = (key: string) =>
      ledger.call('POST', '/v1/licenses/activate', {
        key,
        body: { licenseId: second.licenseId, fingerprint: 'three' },
      });
    expect((await by(ledger.a.apiKey)).body).toMatchObject({ ...elsewhere.body, licenseId: first.licenseId });
    const toHolder = await by(ledger.b.apiKey);
    expect(toHolder).toMatchObject(elsewhere);
    expect(toHolder.text).not.toContain(first.licenseId);
  });

  test('is unique under POLICY among licenses of one policy', async () => {
    const scope = { fingerprintUniqueness: 'POLICY' } as const;
    const other = { ...scope, policyId: testId('pol', 'other') };
    const [first, second, third] = [await issue(scope), await issue(scope), await issue(other)];
    expect((await activate(first, 'four')).status).toBe(201);
    expect(await activate(second, 'four')).toMatchObject(elsewhere);
    expect((await activate(third, 'four')).status).toBe(201);
  });

  test('is unique under PRODUCT among licenses with a common product', async () => {
    const of = (...products: string[]) => issue({ fingerprintUniqueness: 'PRODUCT' }, { products });
    const [first, common, other] = [await of('a', 'b'), await of('b', 'c'), await of('c')];
    expect((await activate(first, 'five')).status).toBe(201);
    expect(await activate(common, 'five')).toMatchObject(elsewhere);
    expect((await activate(other, 'five')).status).toBe(201);
  });

  test('is found under an older secret', async () => {
    const [first, second] = [await issue(), await issue()];
    await activate(first, 'six');
    const base64 = (byte: number) => Buffer.alloc(32, byte).toString('base64');
    const { needs, request } = await partsOf(second, { secrets: parseSecrets(`${base64(9)},${base64(7)}`) });
    expect(await activateDevice(needs, request, { fingerprint: 'six' })).toMatchObject({
      rejected: 'DEVICE_ACTIVE_ELSEWHERE',
    });
  });

  test('is a denial of the license that was refused', async () => {
    const [first, second] = [await issue(), await issue()];
    for (const license of [first, second]) await activate(license, 'seven');
    await ledger.writeObservations();
    const { body } = await ledger.call('GET', `/v1/licenses/${second.licenseId}/denials`, { key: ledger.a.apiKey });
    expect(JSON.stringify(body)).toContain('DEVICE_ACTIVE_ELSEWHERE');
  });
});

type End = {
  readonly name: string;
  readonly end: (license: Issued, fingerprint: string) => Promise<unknown>;
  readonly policy?: Partial<PinnedPolicy>;
};

const perpetual = { term: { kind: 'perpetual', startsAt: null } } as const;
const year = 366 * 86_400_000;

describe('Another license gets the device at once after', () => {
  test.each<End>([
    {
      name: 'a release by an administrator',
      end: async (license, fingerprint) => {
        const { body } = await activate(license, fingerprint);
        const path = `/v1/licenses/${license.licenseId}/activations/${body.activation?.id}`;
        await accepted(ledger.call('DELETE', path, { key: ledger.a.apiKey }));
      },
    },
    {
      name: 'a swap',
      end: (license, fingerprint) => accepted(send('swap', license, { release: { fingerprint }, fingerprint: 'next' })),
    },
    { name: 'a revocation', end: (license) => manage('revoke', license, { reason: { code: 'FRAUD' } }) },
    {
      name: 'a lower limit',
      end: (license) => manage('limits', license, { limits: { activations: 0 } }),
      policy: { limitStrategy: 'EVICT_OLDEST' },
    },
    {
      name: 'a transfer that releases devices',
      end: (license) => {
        const toHolderOrganizationId = ledger.b.organizationId;
        return manage('transfer', license, { toHolderOrganizationId, accepted: true, activations: 'RELEASE' });
      },
    },
    {
      name: 'the removal of all products',
      end: (license) => manage('products', license, { remove: ['local_cli', 'cloud_ide'] }),
    },
    {
      name: 'the expiry',
      end: async () => {
        ledger.clock.aheadMs = year;
      },
    },
  ])('$name', async ({ name, end, policy = {} }) => {
    const fingerprint = `device of ${name}`;
    const [first, second] = [await issue(policy), await issue({}, perpetual)];
    expect(await activate(first, fingerprint)).toMatchObject({ status: 201 });
    expect(await activate(second, fingerprint)).toMatchObject(elsewhere);
    await end(first, fingerprint);
    expect(await activate(second, fingerprint)).toMatchObject({ status: 201 });
  });
});

describe('An expired license', () => {
  test('keeps a device that no other license activates, and has lost the others after its renewal', async () => {
    const [first, second] = [await issue(), await issue({}, perpetual)];
    for (const fingerprint of ['kept', 'lost']) await activate(first, fingerprint);
    ledger.clock.aheadMs = year;
    expect((await activate(second, 'lost')).status).toBe(201);
    await sendTo(ledger, first.licenseId, {
      type: 'Renew',
      data: { duration: 'P2Y', basis: 'FROM_NOW', reasonCode: null },
    });
    expect((await activate(first, 'kept')).status).toBe(200);
    expect(await activate(first, 'lost')).toMatchObject(elsewhere);
    expect(await activate(second, 'kept')).toMatchObject(elsewhere);
  });
});

describe('A process that dies', () => {
  test('between reservation and activation blocks the device for a minute, and not its own license', async () => {
    const [first, second] = [await issue(), await issue()];
    await dieBeforeActivation(first, 'reserved');
    const refused = await activate(second, 'reserved');
    expect(refused).toMatchObject(elsewhere);
    expect(refused.body.detail).toContain('in a minute');
    ledger.clock.aheadMs = 61_000;
    expect((await activate(second, 'reserved')).status).toBe(201);
    expect(await activate(first, 'reserved')).toMatchObject(elsewhere);
    ledger.clock.aheadMs = 0;
    await dieBeforeActivation(first, 'own');
    expect((await activate(first, 'own')).status).toBe(201);
    expect(await activate(second, 'own')).toMatchObject(elsewhere);
  });
});

test('Of two licenses that activate one device in two processes exactly one succeeds, a hundred times', async () => {
  const unlimited = { limits: { activations: 'unlimited' } } as const;
  const processes = await Promise.all(
    [1, 2].map(async () =>
      partsOf(await issue({}, unlimited), { executor: createExecutor({ store: ledger.store.connect() }) }),
    ),
  );
  const race = async (fingerprint: string) => {
    const sent = processes.map(({ needs, request }) => activateDevice(needs, anew(request), { fingerprint }));
    const codes = (await Promise.all(sent)).map((answer) => ('rejected' in answer ? answer.rejected : 'activated'));
    return codes.toSorted().join(' ');
  };
  const outcomes: string[] = [];
  for (let round = 0; round < 10; round += 1) {
    const races = Array.from({ length: 10 }, (_, number) => race(`raced ${round} ${number}`));
    outcomes.push(...(await Promise.all(races)));
  }
  expect(outcomes).toEqual(Array(100).fill('DEVICE_ACTIVE_ELSEWHERE activated'));
});

test('Two requests of one license that activate one device at once both get it', async () => {
  const license = await issue();
  const answers = await Promise.all(Array.from({ length: 5 }, () => activate(license, 'twice')));
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 200, 201]);
});
