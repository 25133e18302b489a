import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemOfFailure } from '../../../src/api/problems/failure.ts';
import { problemsPage } from '../../../src/api/problems/problems-page.ts';
import { unavailableCauses } from '../../../src/api/problems/unavailable-causes.ts';
import { Unfinished } from '../../../src/application/after-append.ts';
import { WaitedTooLong } from '../../../src/async/keyed-queue.ts';
import { TooManyItems } from '../../../src/async/paced-batches.ts';
import { OutcomeUnknown, StoreFull, StoreUnavailable } from '../../../src/eventstore/event-store.ts';
import { ClockDiffers } from '../../../src/eventstore/executor/guard-commands.ts';
import { Overloaded } from '../../../src/eventstore/executor/stream-queue.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const withCode = (code: string) => Object.assign(new Error('from Postgres'), { code });

test.each<[Error, string]>([
  [new StoreUnavailable('down'), 'EVENT_STORE'],
  [new OutcomeUnknown('silent'), 'OUTCOME_UNKNOWN'],
  [new StoreFull('full'), 'EVENT_STORE_DISK'],
  [new OutcomeUnknown('silent', { cause: new Error('write: No space left on device') }), 'EVENT_STORE_DISK'],
  [withCode('ECONNREFUSED'), 'DATABASE_CONNECTION'],
  [withCode('53300'), 'DATABASE_CONNECTION'],
  [withCode('53100'), 'DATABASE_DISK'],
  [withCode('58030'), 'DATABASE_DISK'],
  [withCode('25006'), 'DATABASE_READ_ONLY'],
  [new Error('timeout exceeded when trying to connect'), 'DATABASE_CONNECTION'],
  [withCode('57014'), 'DATABASE_TIMEOUT'],
  [new Error('Query read timeout'), 'DATABASE_TIMEOUT'],
  [withCode('55P03'), 'DATABASE_LOCK'],
  [new Overloaded('full'), 'COMMANDS_WAITING'],
  [new TooManyItems('full'), 'COMMANDS_WAITING'],
  [new WaitedTooLong('waited'), 'CONTENTION'],
  [new Unfinished('stored'), 'UNFINISHED'],
  [new ClockDiffers('clock'), 'CLOCK'],
])('%o is answered with 503 and the cause %s', (error, cause) => {
  const { problem, headers, ...failure } = problemOfFailure(error);
  expect([problem, failure.cause]).toEqual(['UNAVAILABLE', cause]);
  expect(headers?.['Retry-After']).toBeDefined();
  expect(problemsPage()).toContain(`<code>${cause}</code>`);
});

test('An answer with the status 503 names its cause, and the metrics count it', async () => {
  const { licenseKey } = await ledger.issue();
  const activate = (fingerprint: string) =>
    ledger.call('POST', '/v1/licenses/activate', { body: { licenseKey, fingerprint } });
  const counted = async () => {
    const metrics = await ledger.metrics.registry.metrics();
    return Object.keys(unavailableCauses).filter((cause) => metrics.includes(`unavailable_total{cause="${cause}"} 1`));
  };
  expect(await counted()).toEqual([]);
  ledger.faults.refuseAppends = { code: 14, details: 'down' };
  const refused = await activate('one');
  ledger.faults.refuseAppends = undefined;
  expect([refused.status, refused.body.code, refused.body.cause]).toEqual([503, 'UNAVAILABLE', 'OUTCOME_UNKNOWN']);
  expect(await counted()).toEqual(['OUTCOME_UNKNOWN']);
  expect((await activate('one')).status).toBe(201);

  const late = await ledger.call('GET', '/v1/licenses', {
    key: ledger.a.apiKey,
    headers: { 'Ledger-Min-Position': '9000000000000000000' },
  });
  expect([late.status, late.body.code, late.body.cause]).toEqual([503, 'NOT_PROJECTED_YET', 'NOT_PROJECTED']);
  expect(await counted()).toEqual(['OUTCOME_UNKNOWN', 'NOT_PROJECTED']);
});
