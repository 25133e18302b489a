import { createHmac, randomBytes } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { Secrets } from '../secrets.ts';

/** A new device token: the text for the client and the hash to store. */
export type DeviceToken = { readonly token: string; readonly hash: Buffer };

/** A device that a login presented a valid token of. `hash` is the stored one and identifies the device. */
export type KnownDevice = DeviceToken;

/** The devices of a login: the one it presented a valid token of, or null, and the token of a new one. */
export type DeviceOfLogin = { readonly known: KnownDevice | null; readonly fresh: DeviceToken };

/** The maximum number of devices of a user. One more replaces the one that is least likely to return. */
export const devicesMax = 50;
/** The days after its last login until a device is forgotten. */
export const deviceDays = 180;

const prefix = 'lgr_dt_';
const shape = /^lgr_dt_[A-Za-z0-9_-]{43}$/;

/** Returns a device token of 256 random bits. */
export const createDeviceToken = (secrets: Secrets): DeviceToken => {
  const token = prefix + randomBytes(32).toString('base64url');
  return { token, hash: hashWith(secrets.signing.key('device-token'), token) };
};

/**
 * Returns the device of a token that is valid for the active user with this address. Returns null for every other
 * text, so an invalid token is like none.
 */
export const findDevice = async (
  pool: Pool,
  secrets: Secrets,
  { email, token, now }: { readonly email: string; readonly token: string; readonly now: Date },
): Promise<KnownDevice | null> => {
  if (!shape.test(token) || !/^[\x20-\x7e]+$/.test(email)) return null;
  const hashes = secrets.all.map((secret) => hashWith(secret.key('device-token'), token));
  const { rows } = await pool.query<[Buffer | null]>({
    name: 'login-device-of',
    text: 'select identity.login_device_of($1, $2, $3)',
    values: [hashes, email, now],
    rowMode: 'array',
  });
  const hash = rows[0]?.[0] ?? null;
  return hash === null ? null : { token, hash };
};

/**
 * Renews the known device of a login, or stores the fresh one. Returns the token that the client keeps. Runs in the
 * transaction that opens the session, as the user and after `lockPassword`, so a change of the password ends it.
 */
export const keepDevice = async (
  db: PoolClient,
  userId: string,
  { known, fresh }: DeviceOfLogin,
  now: Date,
): Promise<string> => {
  const end = new Date(now.getTime() + deviceDays * 86_400_000);
  if (known !== null && (await renew(db, userId, { hash: known.hash, now, end }))) return known.token;
  await db.query({
    name: 'add-login-device',
    text: 'insert into identity.login_devices (token_hash, user_id, created_at, expires_at) values ($1, $2, $3, $4)',
    values: [fresh.hash, userId, now, end],
  });
  // A device that never came back goes first: a program that keeps no token must not displace the others.
  await db.query({
    name: 'end-surplus-login-devices',
    text: `delete from identity.login_devices where user_id = $1 and token_hash in (
      select token_hash from identity.login_devices where user_id = $1 and token_hash <> $2
      order by presented_at desc nulls last, created_at desc, token_hash offset $3)`,
    values: [userId, fresh.hash, devicesMax - 1],
  });
  return fresh.token;
};

/** Forgets all devices of a user. Runs in the caller's transaction as this user. */
export const forgetDevices = async (db: PoolClient, userId: string): Promise<void> => {
  await db.query({
    name: 'forget-login-devices',
    text: 'delete from identity.login_devices where user_id = $1',
    values: [userId],
  });
};

const renew = async (
  db: PoolClient,
  userId: string,
  { hash, now, end }: { readonly hash: Buffer; readonly now: Date; readonly end: Date },
): Promise<boolean> => {
  const { rowCount } = await db.query({
    name: 'renew-login-device',
    text: 'update identity.login_devices set presented_at = $3, expires_at = $4 where user_id = $1 and token_hash = $2',
    values: [userId, hash, now, end],
  });
  return rowCount === 1;
};

const hashWith = (key: Buffer, token: string): Buffer => createHmac('sha256', key).update(token).digest();
