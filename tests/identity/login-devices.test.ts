import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import {
  createDeviceToken,
  deviceDays,
  devicesMax,
  findDevice,
  type KnownDevice,
} from '../../src/identity/devices/login-devices.ts';
import { parseSecrets } from '../../src/identity/secrets.ts';
import { openSession } from '../../src/identity/sessions.ts';
import { deactivateUser, setPassword } from '../../src/identity/users.ts';
import { purge } from '../../src/workers/purge.ts';
import { createReadModels } from '../support/read-models.ts';
import { createUser, later, start } from '../support/users.ts';

let database: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  database = await createReadModels();
});
afterAll(() => database.drop());

const text = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const secrets = parseSecrets(text(7));

const signIn = async (
  user: { readonly userId: string; readonly passwordHash: string },
  { known = null, now = start }: { readonly known?: KnownDevice | null; readonly now?: Date } = {},
) => {
  const opened = await openSession(database.api, {
    ...{ sessionId: encodeId('ses', randomUUID()), userId: user.userId, passwordHash: user.passwordHash },
    ...{ organizationId: null, userAgent: null, refreshTokenSeconds: 60, secrets, now },
    device: { known, fresh: createDeviceToken(secrets) },
  });
  return opened?.deviceToken ?? '';
};
const find = (email: string, token: string, now = start, under = secrets) =>
  findDevice(database.api, under, { email, token, now });

test('A device token is valid for its user, in upper or lower case, and for nobody else', async () => {
  const [ann, bob] = [await createUser(database.api), await createUser(database.api)];
  const token = await signIn(ann);
  expect((await find(ann.email.toUpperCase(), token))?.token).toBe(token);
  expect(await find(bob.email, token)).toBeNull();
  expect(await find('nobody@vendor.example', token)).toBeNull();
  for (const other of ['', 'x', `${token}x`, token.replace(/.$/, '!'), createDeviceToken(secrets).token]) {
    expect(await find(ann.email, other)).toBeNull();
  }
});

test('It is found under every configured secret, and under no other', async () => {
  const ann = await createUser(database.api);
  const token = await signIn(ann);
  expect(await find(ann.email, token, start, parseSecrets(`${text(8)},${text(7)}`))).not.toBeNull();
  expect(await find(ann.email, token, start, parseSecrets(text(8)))).toBeNull();
});

test('It ends when it was not used for long, and a login with it renews it', async () => {
  const ann = await createUser(database.api);
  const token = await signIn(ann);
  const almost = later(deviceDays * 86_400_000 - 1);
  const known = await find(ann.email, token, almost);
  expect(await find(ann.email, token, later(deviceDays * 86_400_000))).toBeNull();
  expect(await signIn(ann, { known, now: almost })).toBe(token);
  expect(await find(ann.email, token, later(deviceDays * 86_400_000))).not.toBeNull();
});

test('A change of the password and a deactivation end all tokens of the user, and only those', async () => {
  const [ann, bob] = [await createUser(database.api), await createUser(database.api)];
  const [ofAnn, ofBob] = [await signIn(ann), await signIn(bob)];
  const known = await find(ann.email, ofAnn);
  await setPassword(database.api, ann.userId, { passwordHash: 'new', exceptSessionId: null, now: start });
  expect([await find(ann.email, ofAnn), (await find(bob.email, ofBob))?.token]).toEqual([null, ofBob]);
  // A login that was under way does not bring the token back.
  const renewed = await signIn({ ...ann, passwordHash: 'new' }, { known });
  expect(renewed).not.toBe(ofAnn);
  expect(await find(ann.email, ofAnn)).toBeNull();
  await deactivateUser(database.api, bob.userId, { owners: [], now: start });
  expect(await find(bob.email, ofBob)).toBeNull();
});

test('A user has a bounded number of devices, and those that come back stay', async () => {
  const ann = await createUser(database.api);
  const mine = await signIn(ann);
  await signIn(ann, { known: await find(ann.email, mine) });
  const others: string[] = [];
  for (let n = 0; n < devicesMax + 3; n += 1) others.push(await signIn(ann, { now: later(n) }));
  const kept = (await Promise.all([mine, ...others].map((token) => find(ann.email, token)))).map(
    (found) => found !== null,
  );
  expect(kept.filter(Boolean)).toHaveLength(devicesMax);
  expect([kept[0], kept[1], kept.at(-1)]).toEqual([true, false, true]);
});

test('The worker removes tokens a day after their end', async () => {
  const ann = await createUser(database.api);
  await signIn(ann, { now: new Date(Date.now() - (deviceDays + 2) * 86_400_000) });
  const token = await signIn(ann, { now: new Date() });
  await purge(database.worker);
  const { rows } = await database.superuser.query('select from identity.login_devices where user_id = $1', [
    ann.userId,
  ]);
  expect(rows).toHaveLength(1);
  expect(await find(ann.email, token, new Date())).not.toBeNull();
});
