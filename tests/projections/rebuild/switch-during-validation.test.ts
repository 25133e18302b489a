import pg, { type QueryArrayConfig } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownDirectory } from '../../../src/postgres/sql-files.ts';
import { applyBatch } from '../../../src/projections/apply.ts';
import { createPool } from '../../../src/projections/connect.ts';
import { installVersion, nextVersion } from '../../../src/projections/install-version.ts';
import { createValidationReader } from '../../../src/projections/queries/validation.ts';
import { letOwnerRenameSchemas, switchVersion } from '../../../src/projections/rebuild/switch-version.ts';
import { ownRelease } from '../../../src/projections/release.ts';
import { readShape } from '../../../src/projections/shape.ts';
import { projectionOf, schemaOf } from '../../../src/projections/versions.ts';
import { createLog, vendor } from '../../support/license-fixtures.ts';
import { condition } from '../../support/product.ts';
import { createReadModels, project, quiet } from '../../support/read-models.ts';

const ledger = createLog();
const licenseId = ledger.issue('plain');
ledger.activate(licenseId, 'laptop');

let models: Awaited<ReturnType<typeof createReadModels>>;
let db: pg.Client;
beforeAll(async () => {
  models = await createReadModels();
  await project(models.projector, ledger.log);
  db = new pg.Client(models.url);
  await db.connect();
});
afterAll(async () => {
  await db.end();
  await models.drop();
});

/** Installs a second version with the same rows. */
const installNext = async () => {
  const version = await nextVersion(db);
  await db.query('begin');
  const next = await installVersion(db, readShape(ownDirectory), {
    version,
    state: 'building',
    release: ownRelease().number,
    goal: null,
  });
  await db.query('commit');
  const options = {
    url: models.url,
    role: 'ledger_projector',
    max: 1,
    log: quiet,
    searchPath: schemaOf(next),
  } as const;
  const pool = createPool(options);
  const to = ledger.log.at(-1)?.position ?? { commit: 0n, prepare: 0n };
  await applyBatch(pool, projectionOf(next), { from: 'start', events: ledger.log, to });
  await pool.end();
  return next;
};

test('A validation is repeated when another version takes over during its call', async () => {
  await letOwnerRenameSchemas(db);
  const next = await installNext();
  const patient = `${models.url}?options=${encodeURIComponent('-c lock_timeout=60000 -c statement_timeout=60000')}`;
  const pool = createPool({ url: patient, role: 'ledger_api', max: 1, log: quiet, answerTimeoutMs: 0 });
  const failures: unknown[] = [];
  const query = async (statement: QueryArrayConfig) => {
    try {
      return await pool.query(statement);
    } catch (error) {
      failures.push(error);
      throw error;
    }
  };
  const observed = new Proxy(pool, { get: (target, name) => (name === 'query' ? query : Reflect.get(target, name)) });
  const gate = await models.superuser.connect();
  try {
    // The function waits at this lock after it was called for the first version.
    await gate.query('begin; lock table rm.licenses in access exclusive mode');
    const reading = createValidationReader(observed).byId(vendor, licenseId);
    await condition('the function waits for the lock', async () => {
      const { rows } = await models.superuser.query(
        `select from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock' and query like '%validation_facts%'`,
      );
      return rows.length > 0;
    });
    await switchVersion(db, next, async () => {});
    await gate.query('rollback');
    expect(await reading).toMatchObject({ facts: { licenseId }, revision: 2n });
    expect(failures).toMatchObject([{ code: '42804' }]);
  } finally {
    gate.release(true);
    await pool.end();
  }
});
