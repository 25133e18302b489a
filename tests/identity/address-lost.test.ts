import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { createDeviceToken } from '../../src/identity/devices/login-devices.ts';
import { takeUnprovenAddress } from '../../src/identity/mailed/proven-address.ts';
import { openSession } from '../../src/identity/sessions.ts';
import { transaction } from '../../src/postgres/transaction.ts';
import { createReadModels } from '../support/read-models.ts';
import { createUser, testSecrets as secrets } from '../support/users.ts';

let database: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  database = await createReadModels();
});
afterAll(() => database.drop());

test('A login that found a user by an address opens no session after the user has lost that address', async () => {
  const now = new Date();
  const { userId, email, passwordHash } = await createUser(database.api);
  const open = (presented: string) =>
    openSession(database.api, {
      ...{ sessionId: encodeId('ses', randomUUID()), userId, passwordHash, email: presented, organizationId: null },
      ...{ userAgent: null, refreshTokenSeconds: 60, secrets, now },
      device: { known: null, fresh: createDeviceToken(secrets) },
    });
  expect(await open(email.toUpperCase())).not.toBeNull();
  await transaction(database.api, 'begin', (db) => takeUnprovenAddress(db, userId, { email, now }));
  expect(await open(email)).toBeNull();
  expect(await open(`${userId}@no-address.invalid`)).not.toBeNull();
});
