import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog, customer, testHash, testId, testInstant, vendor } from '../../support/license-fixtures.ts';
import { createReadModels, project } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());

test('The history has a column for every field of the envelope', async () => {
  const ledger = createLog();
  const licenseId = ledger.issue('whole', { holderOrgId: customer });
  const [issued] = ledger.log;
  if (issued === undefined) throw new Error('The fixture is too short.');
  const [recordedAt, effectiveAt] = [testInstant(1), testInstant(9.5)];
  const metadata = {
    schemaVersion: 1,
    issuerOrgId: vendor,
    holderOrgId: customer,
    effectiveAt,
    recordedAt,
    actor: { type: 'USER', id: testId('usr', 'ada'), onBehalfOf: testId('org', 'support') },
    reason: { code: 'PURCHASE', text: testId('ref', 'reason') },
    commandId: 'command',
    requestHash: 'request',
    $correlationId: 'correlation',
    $causationId: 'causation',
    prevHash: testHash('before'),
    hash: testHash('this'),
  };
  await project(models.projector, [{ ...issued, metadata }]);
  const { rows } = await models.superuser.query(
    'select e.*, octet_length(e.data::text) as size from rm.license_events e',
  );
  const { data_bytes, size, ...row } = rows[0];
  expect([rows.length, data_bytes]).toEqual([1, size]);
  expect([row]).toEqual([
    {
      issuer_org_id: vendor,
      holder_org_id: customer,
      license_id: licenseId,
      revision: '0',
      position: '100',
      previous_holder_org_id: null,
      event_id: issued.id,
      type: 'LicenseIssued',
      schema_version: 1,
      data: issued.data,
      effective_at: new Date(effectiveAt),
      recorded_at: new Date(recordedAt),
      actor_type: 'USER',
      actor_id: testId('usr', 'ada'),
      on_behalf_of: testId('org', 'support'),
      reason_code: 'PURCHASE',
      reason_text_ref: testId('ref', 'reason'),
      command_id: 'command',
      request_hash: 'request',
      correlation_id: 'correlation',
      causation_id: 'causation',
      prev_hash: Buffer.from(testHash('before'), 'hex'),
      hash: Buffer.from(testHash('this'), 'hex'),
    },
  ]);
});
