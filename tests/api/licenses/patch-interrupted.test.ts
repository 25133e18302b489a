import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

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

test('A command whose turn was taken over stores nothing and can be repeated', async () => {
  const { licenseId } = await ledger.issue();
  const key = `license metadata ${licenseId}`;
  // Another process takes the turn over, as soon as this one has it.
  await sql(
    `create function ops.steal_turn() returns trigger language plpgsql as $$
     begin if new.key = '${key}' then new.token := 'thief'; end if; return new; end $$`,
    [],
  );
  await sql('create trigger steal before insert on ops.turns for each row execute function ops.steal_turn()', []);
  const stolen = await patch(licenseId, { metadata: { from: 'slow' } });
  await sql('drop trigger steal on ops.turns', []);
  await sql('drop function ops.steal_turn()', []);
  expect([stolen.status, stolen.body.code]).toEqual([503, 'UNAVAILABLE']);
  expect(await metadataOf(licenseId)).toEqual({});
  await sql('delete from ops.turns where key = $1', [key]);
  expect((await patch(licenseId, { metadata: { from: 'slow' } })).status).toBe(200);
});
