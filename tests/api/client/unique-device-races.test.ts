import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../../src/aggregates/aggregates.ts';
import type { ClientRequest } from '../../../src/application/client-license.ts';
import { activateDevice } from '../../../src/application/devices/activate-device.ts';
import { deactivateDevice } from '../../../src/application/devices/deactivate-device.ts';
import { reserveDevice } from '../../../src/application/devices/reserve-device.ts';
import { createExecutor, type Executor } from '../../../src/eventstore/executor/execute.ts';
import { newCommandId } from '../../../src/eventstore/uuids.ts';
import { fingerprintHashes } from '../../../src/identity/fingerprint.ts';
import { parseSecrets } from '../../../src/identity/secrets.ts';
import { createValidationReader } from '../../../src/projections/queries/validation.ts';
import { chanceOf, runSeed } from '../../support/chance.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';
import { testId } from '../../support/license-fixtures.ts';
import { elsewhere, type Issued, uniqueClientOf } from './unique-client.ts';

let ledger: Ledger;
let { issue, activate } = {} as ReturnType<typeof uniqueClientOf>;
beforeAll(async () => {
  ledger = await startLedger();
  ({ issue, activate } = uniqueClientOf(ledger));
});
afterAll(() => ledger.stop());
afterEach(() => {
  ledger.clock.aheadMs = 0;
});

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

test('A device is found under an older secret', async () => {
  const [first, second] = [await issue(), await issue()];
  await activate(first, 'six');
  const base64 = (byte: number) => Buffer.alloc(32, byte).toString('base64');
  const { needs, request } = await partsOf(second, { secrets: parseSecrets(`${base64(9)},${base64(7)}`) });
  expect(await activateDevice(needs, request, { fingerprint: 'six' })).toMatchObject({
    rejected: 'DEVICE_ACTIVE_ELSEWHERE',
  });
});

describe('A process that dies', () => {
  test('between reservation and activation blocks the device for three minutes, and not its own license', async () => {
    const [first, second] = [await issue(), await issue()];
    await dieBeforeActivation(first, 'reserved');
    const refused = await activate(second, 'reserved');
    expect(refused).toMatchObject(elsewhere);
    expect(refused.body.detail).toContain('in three minutes');
    ledger.clock.aheadMs = 120_000;
    expect(await activate(second, 'reserved')).toMatchObject(elsewhere);
    ledger.clock.aheadMs = 181_000;
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

test('Whatever two processes do at once, at most one of three licenses has a device', async () => {
  const deactivation = { allowed: true, cooldownSeconds: 0, maxPerTerm: null };
  const licenses = [await issue({ deactivation }), await issue({ deactivation }), await issue({ deactivation })];
  const executors = [1, 2].map(() => createExecutor({ store: ledger.store.connect() }));
  const parts = await Promise.all(
    executors.flatMap((executor) => licenses.map((license) => partsOf(license, { executor }))),
  );
  const seed = runSeed();
  const chance = chanceOf(seed);
  let handedOver = 0;
  for (let round = 0; round < 30; round += 1) {
    const sent = parts.map(({ needs, request }) => {
      const device = { fingerprint: 'shared' };
      if (chance.percent(50)) return activateDevice(needs, anew(request), device);
      return deactivateDevice(needs, anew(request), device);
    });
    handedOver += (await Promise.all(sent)).filter((answer) => 'isNew' in answer && answer.isNew).length;
    const active = await Promise.all(
      licenses.map(({ licenseId }) =>
        ledger.executor.read(licenseAggregate, licenseId, (license) =>
          license.kind === 'issued' ? license.activations.size : 0,
        ),
      ),
    );
    expect(active.filter((count) => count > 0).length, `LEDGER_SEED=${seed}`).toBeLessThanOrEqual(1);
  }
  expect(handedOver).toBeGreaterThan(3);
});
