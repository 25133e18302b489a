import { createServer, type Server } from 'node:http';
import express from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import { readJsonBody } from '../src/api/http/body.ts';
import { createExpressServer } from '../src/api/http/express-server.ts';
import { createRespond } from '../src/api/http/respond.ts';
import type { LicenseFacts } from '../src/domain/license/license.ts';
import { viewOfFacts } from '../src/domain/license/validation/validation-view.ts';
import { validate } from '../src/domain/license/validation/validity.ts';
import { licenseKeyHashes, parseLicenseKey } from '../src/identity/license-key.ts';
import type { Secrets } from '../src/identity/secrets.ts';
import { licenseById } from '../src/projections/queries/license-by-id.ts';
import type { ValidationFacts } from '../src/projections/queries/validation.ts';

const body = z.strictObject({ licenseKey: z.string(), product: z.string(), fingerprint: z.string() });

/** Returns an Express app with default settings, express.json and zod, which answers from a constant. */
export const plainApp = (validation: ValidationFacts | null): Server => {
  const app = express();
  app.use(express.json());
  app.post('/v1/licenses/validate', (request, response) => {
    const { product } = body.parse(request.body);
    response.json(judge(validation?.facts ?? null, product));
  });
  return createServer(app);
};

/** Returns the same app on our server, with our body reader and one write per answer. */
export const floorApp = (validation: ValidationFacts | null): Server => {
  const { app, server } = createExpressServer();
  const respond = createRespond([]);
  app.post('/v1/licenses/validate', async (request, response) => {
    const read = await readJsonBody(request);
    const { product } = body.parse('json' in read ? read.json : null);
    respond.json(response, 200, JSON.stringify(judge(validation?.facts ?? null, product)), {});
  });
  return server;
};

/** Returns the plain app with a simple database access: the key, BEGIN, the tenant, the license, COMMIT. */
export const naiveApp = (pool: Pool, secrets: Secrets): Server => {
  const app = express();
  app.use(express.json());
  app.post('/v1/licenses/validate', async (request, response) => {
    const { licenseKey, product } = body.parse(request.body);
    const [hash] = licenseKeyHashes(secrets, parseLicenseKey(licenseKey) ?? '');
    const db = await pool.connect();
    const { rows } = await db.query('select issuer_org_id, license_id from rm.license_by_key($1)', [hash]);
    await db.query('begin read only');
    await db.query("select set_config('app.org_id', $1, true)", [rows[0].issuer_org_id]);
    const license = await licenseById(db, rows[0].license_id);
    await db.query('commit');
    db.release();
    response.json(judge(license?.facts ?? null, product));
  });
  return createServer(app);
};

const judge = (facts: LicenseFacts | null, product: string) =>
  validate(
    facts === null ? null : { ...viewOfFacts(facts), activation: { isOfFingerprint: true } },
    { product, fingerprint: 'hash' },
    new Date().toISOString(),
  );
