import { afterAll, beforeAll, expect, test } from 'vitest';
import { issuerDecisions } from '../../src/domain/organization/organization.ts';
import { userStates } from '../../src/identity/users.ts';
import { versionStates } from '../../src/projections/versions.ts';
import { packStates } from '../../src/records/audit-packs.ts';
import { mailKinds, mailOutcomes } from '../../src/records/mails.ts';
import { processStatuses } from '../../src/records/processes.ts';
import { createReadModels } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());

// Each column with a list of allowed values, and the list in the code that it must equal.
const lists: Readonly<Record<string, readonly string[]>> = {
  'identity.users.state': userStates,
  'ops.audit_packs.state': packStates,
  'ops.mails.kind': mailKinds,
  'ops.mails.outcome': mailOutcomes,
  'ops.processes.status': processStatuses,
  'ops.projection_versions.state': versionStates,
  'rm.issuer_decisions.decision': issuerDecisions,
};

test('A check constraint allows the same values as the list in the code', async () => {
  const { rows } = await models.superuser.query<{ column: string; definition: string }>(
    `select c.conrelid::regclass || '.' || a.attname as column, pg_get_constraintdef(c.oid) as definition
     from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
     where c.contype = 'c' and array_length(c.conkey, 1) = 1 and pg_get_constraintdef(c.oid) ~ 'ANY \\(\\(?ARRAY\\['`,
  );
  const listed = rows.map(({ column, definition }) => [
    column,
    [...definition.matchAll(/'([^']*)'::text/g)].map(([, value]) => value),
  ]);
  expect(Object.fromEntries(listed)).toEqual(lists);
});
