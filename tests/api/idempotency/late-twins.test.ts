import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { idempotently } from '../../../src/api/idempotency/idempotency.ts';
import { refused } from '../../../src/api/problems/problems.ts';
import { createCallLimits, noRateLimiting } from '../../../src/api/rate-limit/call-limits.ts';
import type { Call } from '../../../src/api/route.ts';
import type { Attempt } from '../../../src/application/idempotent-attempt.ts';
import { type LicenseSending, sendLicenseCommand } from '../../../src/application/licenses/send-license-command.ts';
import { withStoredApiKey } from '../../../src/application/organizations/stored-api-key.ts';
import { removeWritten } from '../../../src/application/personal-values.ts';
import { isRefusal } from '../../../src/application/refusal.ts';
import { encodeId } from '../../../src/domain/ids.ts';
import { type EventStore, OutcomeUnknown } from '../../../src/eventstore/event-store.ts';
import { createExecutor, type Executor } from '../../../src/eventstore/executor/execute.ts';
import { settleReferences } from '../../../src/workers/settle-references.ts';
import { type Ledger, startLedger } from '../../support/ledger.ts';

let ledger: Ledger;
let store: ReturnType<Ledger['store']['connect']>;
beforeAll(async () => {
  ledger = await startLedger();
  store = ledger.store.connect();
});
afterAll(() => ledger.stop());

const sql = async (text: string, values: readonly unknown[] = []) =>
  (await ledger.database.superuser.query(text, [...values])).rows;
const isInVault = async (value: string) =>
  (await sql('select from vault.personal_values where value = $1', [value])).length > 0;
const newText = () => `canary ${randomUUID()}`;

/** What the worker does with claims, as if so many hours had passed. Returns how many values it removed. */
const settleAfter = async (hours: number, from: Pick<EventStore, 'readBackwards'> = store) => {
  await sql(`update ops.vault_references set since = clock_timestamp() - $1 * interval '1 hour'`, [hours]);
  const errors: unknown[] = [];
  const removed = await settleReferences({
    pool: ledger.database.worker,
    apiPool: ledger.database.api,
    store: from,
    remove: removeWritten,
    signal: new AbortController().signal,
    onError: (error: unknown) => errors.push(error),
  });
  return { removed, errors };
};
const lastReason = async (licenseId: string) => {
  await ledger.projected.waitFor((await store.head({ timeoutMs: 5_000 }))?.commit ?? 0n, 10_000);
  const path = `/v1/licenses/${licenseId}/history?order=desc&limit=1`;
  return (await ledger.call('GET', path, { key: ledger.a.apiKey })).body.data?.[0]?.reason;
};

/** A point that an attempt waits at: `reached` resolves when it is there, `open` lets it go on. */
const createGate = () => {
  let [arrive, open] = [() => {}, () => {}];
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const wait = () => {
    arrive();
    return opened;
  };
  return { reached, open, wait };
};
/** An executor of a process of its own, which does `before` each command. */
const processWith = (before: () => Promise<void>, from: EventStore = store): Executor => {
  const executor = createExecutor({ store: from, giveUpMs: 50, appendTimeoutMs: 1_000 });
  return {
    ...executor,
    execute: async (...command) => {
      await before();
      return executor.execute(...command);
    },
  };
};
const atOnce = async () => {};

type Suspension = { readonly licenseId: string; readonly text: string; readonly once: string };

/** Suspends a license through this executor, as the API does for a request with an Idempotency-Key. */
const suspend = (executor: Executor, { licenseId, text, once }: Suspension, expectedRevision: bigint | null = null) => {
  const { organizationId, apiKeyId } = ledger.a;
  const call: Call = {
    requestId: randomUUID(),
    correlationId: randomUUID(),
    headers: { 'idempotency-key': once },
    clientIp: () => '',
    sent: { params: {}, query: {}, body: { licenseId, text } },
    limits: createCallLimits(noRateLimiting, ''),
    expectedRevision,
    signal: () => new AbortController().signal,
    actsFor: () => {},
    endTurn: () => {},
    resumeTurn: async () => {},
    actsAs: () => {},
    onceReadable: () => {},
  };
  const request = { organizationId, principal: apiKeyId, operation: 'suspendLicense', input: { licenseId, text } };
  return idempotently(ledger.needs, call, request, async (attempt: Attempt) => {
    const at = ledger.needs.now();
    const sending: LicenseSending = {
      call,
      attempt,
      issuerOrgId: organizationId,
      licenseId,
      values: [],
      actor: { type: 'API_KEY', id: apiKeyId, onBehalfOf: null },
      by: { kind: 'system' },
      power: 'suspendLicenses',
      reason: { code: 'LEGAL', text },
      command: { type: 'Suspend', at, data: { reasonCode: 'LEGAL', until: null } },
    };
    const sent = await sendLicenseCommand({ ...ledger.needs, executor }, sending, () => null);
    return isRefusal(sent)
      ? refused(sent)
      : { status: 200, body: { outcome: sent.outcome }, position: sent.position.commit };
  });
};
/** As if an attempt had stalled for longer than its row is locked. */
const makeStale = (once: string) =>
  sql(`update ops.idempotency set locked_until = now() - interval '1 second' where idempotency_key = $1`, [once]);
const aSuspension = async (): Promise<Suspension> => ({
  licenseId: (await ledger.issue()).licenseId,
  text: newText(),
  once: randomUUID(),
});
describe('Of two attempts at one request,', () => {
  test('the stalled one does not remove the text that the event of the other refers to', async () => {
    const asked = await aSuspension();
    const gate = createGate();
    const stalled = suspend(processWith(gate.wait), asked);
    await gate.reached;
    await makeStale(asked.once);
    expect(await suspend(processWith(atOnce), asked)).toMatchObject({ status: 200, body: { outcome: 'appended' } });
    gate.open();
    expect(await stalled).toMatchObject({ status: 200, body: { outcome: 'repeated' } });
    expect(await settleAfter(26)).toEqual({ removed: 0, errors: [] });
    expect(await lastReason(asked.licenseId)).toEqual({ code: 'LEGAL', text: asked.text });
  });

  test('the refused one does not remove the text before the other has stored its event', async () => {
    const asked = await aSuspension();
    const [first, second] = [createGate(), createGate()];
    const refused = suspend(processWith(first.wait), asked, 99n);
    await first.reached;
    await makeStale(asked.once);
    const accepted = suspend(processWith(second.wait), asked);
    await second.reached;
    first.open();
    expect(await refused).toMatchObject({ problem: 'REVISION_MISMATCH' });
    second.open();
    expect(await accepted).toMatchObject({ status: 200, body: { outcome: 'appended' } });
    expect(await settleAfter(26)).toEqual({ removed: 0, errors: [] });
    expect(await lastReason(asked.licenseId)).toEqual({ code: 'LEGAL', text: asked.text });
  });

  test('the refused one does not remove the text when the append of the other arrives late', async () => {
    const asked = await aSuspension();
    let arrive = async (): Promise<unknown> => undefined;
    const slow: EventStore = {
      ...store,
      append: async (...append) => {
        arrive = () => store.append(...append);
        throw new OutcomeUnknown('It is on its way.');
      },
    };
    await expect(suspend(processWith(atOnce, slow), asked)).rejects.toThrow(OutcomeUnknown);
    expect(await suspend(processWith(atOnce), asked, 99n)).toMatchObject({ problem: 'REVISION_MISMATCH' });
    await arrive();
    expect(await settleAfter(26)).toEqual({ removed: 0, errors: [] });
    expect(await lastReason(asked.licenseId)).toEqual({ code: 'LEGAL', text: asked.text });
  });
});

describe('The text of a refused request', () => {
  test('is removed immediately when no other attempt can exist', async () => {
    const asked = await aSuspension();
    expect(await suspend(processWith(atOnce), asked, 99n)).toMatchObject({ problem: 'REVISION_MISMATCH' });
    expect(await isInVault(asked.text)).toBe(false);
  });

  test('is removed after 25 hours when another attempt may exist, and not earlier', async () => {
    const asked = await aSuspension();
    const gate = createGate();
    const refused = suspend(processWith(gate.wait), asked, 99n);
    await gate.reached;
    await makeStale(asked.once);
    gate.open();
    await refused;
    expect(await settleAfter(24.9)).toEqual({ removed: 0, errors: [] });
    expect(await isInVault(asked.text)).toBe(true);
    expect(await settleAfter(25.1)).toEqual({ removed: 1, errors: [] });
    expect(await isInVault(asked.text)).toBe(false);
  });

  test('stays while its stream cannot be read', async () => {
    const asked = await aSuspension();
    const gate = createGate();
    const refused = suspend(processWith(gate.wait), asked, 99n);
    await gate.reached;
    await makeStale(asked.once);
    gate.open();
    await refused;
    const broken = { readBackwards: () => Promise.reject(new Error('down')) };
    expect(await settleAfter(26, broken)).toMatchObject({ removed: 0, errors: [new Error('down')] });
    expect(await isInVault(asked.text)).toBe(true);
    expect(await settleAfter(26)).toEqual({ removed: 1, errors: [] });
  });

  test('is stored again for a request that arrives after the removal', async () => {
    const asked = await aSuspension();
    expect(await suspend(processWith(atOnce), asked, 99n)).toMatchObject({ problem: 'REVISION_MISMATCH' });
    expect(await suspend(processWith(atOnce), asked)).toMatchObject({ body: { outcome: 'appended' } });
    expect(await lastReason(asked.licenseId)).toEqual({ code: 'LEGAL', text: asked.text });
  });
});

test('An erased address does not return when an attempt at its invitation is repeated', async () => {
  const { organizationId, apiKey: key } = ledger.a;
  const [once, email] = [randomUUID(), `${randomUUID()}@erased.example`];
  const path = `/v1/organizations/${organizationId}`;
  const invite = () =>
    ledger.call('POST', `${path}/members`, {
      key,
      body: { email, role: 'MEMBER' },
      headers: { 'idempotency-key': once },
    });
  const { invitationId } = (await invite()).body.invitation ?? {};
  expect((await ledger.call('DELETE', `${path}/invitations/${invitationId}`, { key })).status).toBe(204);
  // As if the process had died after the append.
  await sql('update ops.idempotency set status = null, body = null where idempotency_key = $1', [once]);
  await makeStale(once);
  await invite();
  expect(await settleAfter(26)).toEqual({ removed: 0, errors: [] });
  expect(await isInVault(email)).toBe(false);
});

test('A stored API key stays when an event has it, and is removed 25 hours after a refused creation', async () => {
  const { organizationId } = ledger.a;
  const commandId = randomUUID();
  const place = { commandId, organizationId, apiKeyId: encodeId('key', commandId) };
  await withStoredApiKey(ledger.database.api, ledger.secrets, place, async () => ({ rejected: 'QUOTA_EXCEEDED' }));
  const known = await ledger.createKey(organizationId, ['licenses:read']);
  const stored = async () =>
    (
      await sql('select api_key_id as id from identity.api_keys where api_key_id = any($1)', [
        [place.apiKeyId, known.apiKeyId],
      ])
    ).map(({ id }) => id);
  expect(await stored()).toHaveLength(2);
  expect(await settleAfter(26)).toEqual({ removed: 1, errors: [] });
  expect(await stored()).toEqual([known.apiKeyId]);
});
