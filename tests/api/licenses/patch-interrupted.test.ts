import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';
import { createOffering } from '../offers/offering.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

const sql = (text: string, values: readonly unknown[]) => ledger.database.superuser.query(text, [...values]);
const patch = (licenseId: string, body: object, headers: Record<string, string> = {}) =>
  ledger.call('PATCH', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey, body, headers });
const metadataOf = async (licenseId: string) =>
  (await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey })).body.metadata;
const tagOf = async (licenseId: string) =>
  (await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey })).headers.get('etag') ?? '';
/** Issues a license and changes its reference and metadata. The process dies after the append, before it stores the metadata. */
const dieBetween = async () => {
  const { licenseId } = await ledger.issue({ metadata: { from: 'start' } });
  const once = randomUUID();
  const body = { metadata: { from: 'dead' }, externalRef: 'dead' };
  const headers = { 'idempotency-key': once, 'if-match': await tagOf(licenseId) };
  expect((await patch(licenseId, body, headers)).status).toBe(200);
  await sql(`update vault.license_metadata set metadata = '{"from":"start"}', revision = null where license_id = $1`, [
    licenseId,
  ]);
  await sql(
    `insert into ops.turns (issuer_org_id, key, token, until)
     select issuer_org_id, $2, command_id, now() + interval '30 seconds' from ops.idempotency where idempotency_key = $1`,
    [once, `license metadata ${licenseId}`],
  );
  await sql(
    `update ops.idempotency set status = null, body = null, locked_until = now() - interval '1 second'
     where idempotency_key = $1`,
    [once],
  );
  return { licenseId, repeat: () => patch(licenseId, body, headers) };
};
const endTurnOfDead = (licenseId: string) =>
  sql(`update ops.turns set until = now() - interval '1 second' where key = $1`, [`license metadata ${licenseId}`]);

test('A repeated change completes what its first attempt did not, before the turn of that has ended', async () => {
  const { licenseId, repeat } = await dieBetween();
  expect(await metadataOf(licenseId)).toEqual({ from: 'start' });
  const answer = await repeat();
  expect([answer.status, answer.body.license?.externalRef]).toEqual([200, 'dead']);
  expect(await metadataOf(licenseId)).toEqual({ from: 'dead' });
});

test('A change of another request waits for the turn of a dead process, and a late repetition does not undo it', async () => {
  const { licenseId, repeat } = await dieBetween();
  const later = patch(licenseId, { metadata: { from: 'later' } });
  await endTurnOfDead(licenseId);
  expect((await later).status).toBe(200);
  expect((await repeat()).status).toBe(200);
  expect(await metadataOf(licenseId)).toEqual({ from: 'later' });
});

/** Meanwhile another process takes over each turn with this key, as soon as this process has it. */
const whileStolen = async <Result>(key: string, work: () => Promise<Result>): Promise<Result> => {
  await onTurn(`if new.key = '${key}' then new.token := 'thief'; end if; return new;`);
  try {
    return await work();
  } finally {
    await offTurn();
    await sql('delete from ops.turns where key = $1', [key]);
  }
};
const onTurn = async (body: string) => {
  await sql(`create function ops.on_turn() returns trigger language plpgsql as $$ begin ${body} end $$`, []);
  await sql('create trigger on_turn before insert on ops.turns for each row execute function ops.on_turn()', []);
};
const offTurn = async () => {
  await sql('drop trigger on_turn on ops.turns', []);
  await sql('drop function ops.on_turn()', []);
};

test('A command whose turn was taken over stores nothing and can be repeated', async () => {
  const { licenseId } = await ledger.issue();
  const change = () => patch(licenseId, { metadata: { from: 'slow' } });
  const stolen = await whileStolen(`license metadata ${licenseId}`, change);
  expect([stolen.status, stolen.body.code]).toEqual([503, 'UNAVAILABLE']);
  expect(stolen.body.detail).toContain('may have been carried out');
  expect(await metadataOf(licenseId)).toEqual({});
  expect((await change()).status).toBe(200);
});

/** The holder that may read the metadata of a license. */
const readerOf = async (licenseId: string) => {
  const read = 'select holder_org_id from vault.license_metadata where license_id = $1';
  return (await sql(read, [licenseId])).rows[0]?.holder_org_id;
};

describe('A transfer', () => {
  const heldByB = async () => {
    const { licenseId } = await ledger.issue({ holderOrganizationId: ledger.b.organizationId, metadata: { a: 1 } });
    const headers = { 'idempotency-key': randomUUID() };
    const transfer = (how: Record<string, string> = headers) =>
      ledger.call('POST', `/v1/licenses/${licenseId}/transfer`, {
        ...{ key: ledger.a.apiKey, headers: how },
        body: { toHolderOrganizationId: null, activations: 'RELEASE' },
      });
    return { licenseId, transfer };
  };

  test('that gets no turn has changed nothing', async () => {
    const { licenseId, transfer } = await heldByB();
    await onTurn(`if new.key = 'license metadata ${licenseId}' then raise lock_not_available; end if; return new;`);
    const refused = await transfer().finally(offTurn);
    expect(refused.status).toBe(503);
    const { body } = await ledger.call('GET', `/v1/licenses/${licenseId}`, { key: ledger.a.apiKey });
    expect([body.holderOrganizationId, body.keyVersion]).toEqual([ledger.b.organizationId, 1]);
    expect((await transfer()).body.licenseKey).toMatch(/^LL-/);
    expect(await readerOf(licenseId)).toBeNull();
  });

  test('that lost its turn says so, and its repetition returns the new key', async () => {
    const { licenseId, transfer } = await heldByB();
    const lost = await whileStolen(`license metadata ${licenseId}`, transfer);
    expect([lost.status, lost.headers.get('retry-after')]).toEqual([503, '1']);
    expect(lost.body.detail).toContain('may have been carried out: repeat the request with the same Idempotency-Key');
    expect(await readerOf(licenseId)).toBe(ledger.b.organizationId);
    expect((await transfer()).body.licenseKey).toMatch(/^LL-/);
    expect(await readerOf(licenseId)).toBeNull();
  });

  test('that another request repeats takes the metadata from the previous holder', async () => {
    const { licenseId, transfer } = await heldByB();
    await whileStolen(`license metadata ${licenseId}`, transfer);
    const repeated = await transfer({});
    expect([repeated.status, repeated.body.changed]).toEqual([200, false]);
    expect(await readerOf(licenseId)).toBeNull();
  });
});

test('An acceptance that lost its turn says so, and its repetition lets the new holder read the metadata', async () => {
  const { customer, offer, answer } = await createOffering(ledger);
  const licenseId = await offer({ metadata: { a: 1 } });
  const lost = await whileStolen(`license metadata ${licenseId}`, () => answer(licenseId, 'accept'));
  expect([lost.status, lost.body.detail]).toEqual([503, expect.stringContaining('may have been carried out')]);
  const repeated = await answer(licenseId, 'accept');
  expect([repeated.status, repeated.body.changed]).toEqual([200, false]);
  expect(await readerOf(licenseId)).toBe(customer.organizationId);
});

test('A change of a member that lost its turn does not say that nothing was changed', async () => {
  const { organizationId } = await ledger.createVendor('Owned by two');
  const [owner, other] = [
    await ledger.createMember(organizationId, 'OWNER'),
    await ledger.createMember(organizationId, 'OWNER'),
  ];
  const path = `/v1/organizations/${organizationId}/members/${other.userId}`;
  const demote = () => ledger.call('PATCH', path, { key: owner.accessToken, body: { role: 'ADMIN' } });
  const lost = await whileStolen('owners', demote);
  expect([lost.status, lost.body.detail]).toEqual([503, expect.stringContaining('may have been carried out')]);
  expect((await demote()).body.role).toBe('ADMIN');
});
