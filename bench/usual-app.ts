import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import express from 'express';
import pg from 'pg';
import { z } from 'zod';
import { licenseKeyHashes, parseLicenseKey } from '../src/identity/license-key.ts';
import type { Secrets } from '../src/identity/secrets.ts';
import { bulkLicenseKey } from './bulk-log.ts';

/**
 * The usual way to activate a device, as one writes it in an afternoon: plain Express and pg, one transaction that locks
 * the row of the license, counts its activations, inserts one and a row of an audit table. It has the input and the
 * answer of ours, and the same durability. It has no row-level security, rate limits, request log or history that can be
 * checked.
 */
export const usualApp = (databaseUrl: string, secrets: Secrets): Server => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  const app = express();
  app.use(express.json());
  app.post('/v1/licenses/activate', async (request, response) => {
    const { licenseKey, product, fingerprint } = body.parse(request.body);
    const [hash] = licenseKeyHashes(secrets, parseLicenseKey(licenseKey) ?? '');
    const db = await pool.connect();
    try {
      await db.query('begin');
      const { rows } = await db.query('select * from licenses where key_hash = $1 for update', [hash]);
      const [license] = rows;
      const refuse = async (status: number, code: string) => {
        await db.query('rollback');
        response.status(status).json({ code });
      };
      if (license === undefined) return await refuse(404, 'LICENSE_NOT_FOUND');
      if (license.status !== 'ACTIVE' || license.expires_at < new Date()) return await refuse(409, 'LICENSE_EXPIRED');
      if (!license.products.includes(product)) return await refuse(409, 'PRODUCT_NOT_LICENSED');
      const counted = await db.query('select count(*)::int as used from activations where license_id = $1', [
        license.id,
      ]);
      const { used } = counted.rows[0];
      if (used >= license.activations_max) return await refuse(409, 'ACTIVATION_LIMIT_EXCEEDED');
      const inserted = await db.query(
        'insert into activations (id, license_id, fingerprint, product) values ($1, $2, $3, $4) returning *',
        [randomUUID(), license.id, fingerprint, product],
      );
      const [activation] = inserted.rows;
      await db.query("insert into audit (license_id, type, actor, data) values ($1, 'ACTIVATED', $1, $2)", [
        license.id,
        { activationId: activation.id, product, fingerprint },
      ]);
      await db.query('commit');
      response.status(201).json(answerOf(license, activation, used + 1));
    } catch (error) {
      await db.query('rollback');
      throw error;
    } finally {
      db.release();
    }
  });
  return createServer(app);
};

const body = z.strictObject({ licenseKey: z.string(), product: z.string(), fingerprint: z.string() });

type Fields = Readonly<Record<string, unknown>>;

/** Returns an answer with the members and the size of ours. */
const answerOf = (license: Fields, { id, product, activated_at }: Fields, used: number) => ({
  activation: {
    id,
    licenseId: license.id,
    product,
    name: null,
    platform: null,
    appVersion: null,
    user: null,
    environment: null,
    activatedAt: activated_at,
    lastSeenAt: activated_at,
    lastVersion: null,
    lastProduct: product,
    deactivatesAt: null,
  },
  changed: true,
  limits: {
    activations: { used, max: license.activations_max },
    seats: { used: 0, max: 0 },
    users: { used: 0, max: 0 },
    meters: {},
  },
  revision: used,
});

/** Creates the database of the usual way on the Postgres of `admin`, a superuser, and returns its URL. */
export const createUsualDatabase = async (admin: pg.Client, ownerUrl: string): Promise<string> => {
  const url = new URL(ownerUrl);
  await admin.query('drop database if exists usual with (force)');
  await admin.query(`create database usual owner ${pg.escapeIdentifier(url.username)}`);
  url.pathname = '/usual';
  return url.href;
};

/** Creates the tables of the usual way, and the licenses 0 to `count` of a bulk log. */
export const fillUsualDatabase = async (databaseUrl: string, secrets: Secrets, count: number): Promise<void> => {
  const db = new pg.Client(databaseUrl);
  await db.connect();
  await db.query(tables);
  for (let first = 0; first < count; first += licensesPerStatement) {
    const indexes = Array.from({ length: Math.min(licensesPerStatement, count - first) }, (_, place) => first + place);
    const hashes = indexes.map((index) => licenseKeyHashes(secrets, parseLicenseKey(bulkLicenseKey(index)) ?? '')[0]);
    await db.query(
      `insert into licenses (id, key_hash, status, products, activations_max, expires_at)
        select gen_random_uuid()::text, hash, 'ACTIVE', '{local_cli,cloud_ide}', 1000000, now() + interval '1 year'
        from unnest($1::bytea[]) as hash`,
      [hashes],
    );
  }
  // The licenses of the bulk log have a device each.
  await db.query(`insert into activations (id, license_id, fingerprint, product)
    select gen_random_uuid()::text, id, 'bench-device', 'local_cli' from licenses`);
  await db.query('vacuum analyze');
  await db.query('checkpoint').catch(() => undefined);
  await db.end();
};

const licensesPerStatement = 5_000;

const tables = `
  create table licenses (
    id text primary key,
    key_hash bytea not null unique,
    status text not null,
    products text[] not null,
    activations_max int not null,
    expires_at timestamptz not null
  );
  create table activations (
    id text primary key,
    license_id text not null references licenses,
    fingerprint text not null,
    product text not null,
    activated_at timestamptz not null default now(),
    unique (license_id, fingerprint)
  );
  create table audit (
    id bigint generated always as identity primary key,
    license_id text not null,
    type text not null,
    actor text not null,
    data jsonb not null,
    at timestamptz not null default now()
  );
  create index on audit (license_id, id);`;
