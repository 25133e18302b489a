import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectLogReader } from '../../../src/eventstore/read-log.ts';
import { lintCatalog } from '../../../src/postgres/lint.ts';
import { asTenant } from '../../../src/postgres/tenant.ts';
import { transaction } from '../../../src/postgres/transaction.ts';
import { createPool } from '../../../src/projections/connect.ts';
import { licenseById } from '../../../src/projections/queries/license-by-id.ts';
import { createValidationReader } from '../../../src/projections/queries/validation.ts';
import { rebuild } from '../../../src/projections/rebuild/rebuild.ts';
import { prune, rollBack } from '../../../src/projections/rebuild/roll-back.ts';
import { type Projector, runProjector } from '../../../src/projections/run-projector.ts';
import { type Digest, digestSettings, digestsOf } from '../../../src/projections/verify/digests.ts';
import { verifyLedger } from '../../../src/projections/verify/verify.ts';
import { activeProjection, versionsOf } from '../../../src/projections/versions.ts';
import { rowSecurity } from '../../../src/row-security.ts';
import { type RunningStore, startStore } from '../../support/event-store.ts';
import { createLog, rival, testHash, testId, vendor } from '../../support/license-fixtures.ts';
import { licenseName, manyLicenses } from '../../support/many-licenses.ts';
import { condition } from '../../support/product.ts';
import { createReadModels, quiet } from '../../support/read-models.ts';
import { sized } from '../../support/size.ts';

const licenses = sized(100_000, 600);
const longMs = 60_000 + licenses * 15;

let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
let projector: Projector;
// Without time limits, for statements over every row.
let patient: Pool;
const stopping = new AbortController();
beforeAll(async () => {
  models = await createReadModels();
  patient = createPool({ url: models.url, role: 'ledger_projector', max: 1, log: quiet, answerTimeoutMs: 0 });
  running = await startStore(manyLicenses(licenses));
  const store = running.connect({ watch: { idleMs: 50, pollMs: 100 } });
  projector = runProjector({
    store,
    pool: models.projector,
    log: quiet,
    signal: stopping.signal,
    backoffMs: () => 20,
  });
  await projected();
}, longMs);
afterAll(async () => {
  stopping.abort();
  await projector.done;
  await running.stop();
  await patient.end();
  await models.drop();
});

const rebuilding = (options: Partial<Parameters<typeof rebuild>[0]> = {}) => {
  const { url } = models;
  const store = running.connect({ watch: { idleMs: 50, pollMs: 100 } });
  const { signal } = new AbortController();
  return { store, databaseUrl: url, projectorUrl: url, log: quiet, signal, settleMs: 0, ...options };
};

const projected = () => {
  const store = running.connect();
  return condition(
    'the projector is at the end of the log',
    async () => {
      const head = await store.head({ timeoutMs: 10_000 });
      return projector.position() === (head?.commit ?? null) && projector.state().kind === 'following';
    },
    longMs,
  );
};

const digests = () =>
  transaction(patient, `begin isolation level repeatable read read only; ${digestSettings}`, async (db) => {
    const all: Digest[] = [];
    for await (const digest of digestsOf(db)) all.push(digest);
    return all;
  });

const verdict = async () => {
  const reader = connectLogReader({ url: running.url });
  try {
    const store = running.connect();
    return await verifyLedger({ store, readLog: reader.read, pool: patient, readModelsOnly: true });
  } finally {
    await reader.close();
  }
};

/** Returns the definitions of the indexes in a schema, and how its tables are secured. */
const definitions = async (schema = 'rm') => {
  const { rows: indexes } = await models.superuser.query<{ indexdef: string }>(
    'select indexdef from pg_indexes where schemaname = $1 order by indexname',
    [schema],
  );
  const { rows: tables } = await models.superuser.query<{ secured: boolean; forced: boolean }>(
    `select relname, relrowsecurity as secured, relforcerowsecurity as forced from pg_class
      where relnamespace = to_regnamespace($1) and relkind = 'r' order by relname`,
    [schema],
  );
  return { indexes: indexes.map(({ indexdef }) => indexdef), tables };
};

/** Reads without a pause until it is stopped, with prepared statements like the API. */
const startReaders = () => {
  const validations = createValidationReader(models.api);
  const counts = { reads: 0, faults: [] as string[] };
  let stopped = false;
  const lane = async (offset: number) => {
    for (let index = offset; !stopped; index = (index + 7) % licenses) {
      try {
        const name = licenseName(index);
        const facts = await validations.byKey([Buffer.from(testHash(`key of ${name}`), 'hex')]);
        if (facts?.facts.licenseId !== testId('lic', name)) counts.faults.push(`${name} was not found by its key`);
        const issuer = (index % 500) % 3 === 0 ? rival : vendor;
        const view = await asTenant(models.api, issuer, (db) => licenseById(db, testId('lic', name)));
        if (view === null) counts.faults.push(`${name} was not found by its id`);
        counts.reads += 2;
      } catch (error) {
        counts.faults.push(String(error));
      }
    }
  };
  const lanes = [0, 1, 2, 3].slice(0, sized(4, 2)).map(lane);
  return {
    counts,
    stop: async () => {
      stopped = true;
      await Promise.all(lanes);
    },
  };
};

describe(`A rebuild of ${licenses} licenses`, () => {
  test('makes rows with equal digests, and no read fails meanwhile', { timeout: longMs }, async () => {
    const before = await digests();
    const defined = await definitions();
    const { version } = await activeProjection(models.projector);
    const readers = startReaders();
    await condition('readers read', () => readers.counts.reads > 100);
    let whileFolding: ReturnType<typeof definitions> | undefined;
    let faults: ReturnType<typeof lintCatalog> | undefined;
    const onProgress = ({ phase, events }: { phase: string; events: number }) => {
      if (phase !== 'folding' || events === 0) return;
      whileFolding ??= definitions(`rm_v${version + 1}_loading`);
      faults ??= lintCatalog(models.superuser, rowSecurity);
    };
    const rebuilt = await rebuild(rebuilding({ onProgress }));
    const atSwitch = readers.counts.reads;
    await condition('readers read on', () => readers.counts.reads > atSwitch + 100);
    await readers.stop();

    expect(readers.counts.faults).toEqual([]);
    expect(rebuilt).toMatchObject({ previous: version, streamsCompared: Math.min(1_000, licenses + 3) });
    expect(rebuilt.events).toBeGreaterThanOrEqual(5 * licenses);
    expect((await activeProjection(models.projector)).version).toBe(rebuilt.version);
    expect(before.length).toBeGreaterThan(8);
    expect(await digests()).toEqual(before);
    expect(await definitions()).toEqual(defined);
    // Readers stay bound by row-level security also while the owner of the tables is not. Other processes can start.
    expect(await faults).toEqual([]);
    const { tables, indexes } = (await whileFolding) ?? { tables: [], indexes: [] };
    expect(tables).toEqual(defined.tables.map((table) => ({ ...table, forced: false })));
    expect(indexes.length).toBeLessThan(defined.indexes.length);
    expect(await verdict()).toMatchObject({ intact: true, notProjected: 0 });
  });

  test('can be rolled back and forward again, and the previous version can be dropped', {
    timeout: longMs,
  }, async () => {
    const before = await digests();
    const [older, newer] = await versionsOf(models.projector);
    const store = running.connect();
    const ledger = createLog();
    const id = ledger.issue('after the switch');
    await store.append(`license-${id}`, ledger.log, 'no_stream', { timeoutMs: 10_000 });
    await projected();
    const after = await digests();
    expect(after).not.toEqual(before);

    const readers = startReaders();
    await rollBack(rebuilding());
    await projected();
    expect((await activeProjection(models.projector)).version).toBe(older?.version);
    expect(await digests()).toEqual(after);
    await rollBack(rebuilding());
    await projected();
    expect((await activeProjection(models.projector)).version).toBe(newer?.version);
    expect(await digests()).toEqual(after);

    expect(await prune(rebuilding())).toBe(older?.version);
    expect(await prune(rebuilding())).toBeNull();
    await expect(rollBack(rebuilding())).rejects.toThrow('no previous version of the read models');
    const { rows } = await models.superuser.query(`select nspname from pg_namespace where nspname like 'rm%'`);
    expect(rows).toEqual([{ nspname: 'rm' }]);
    await readers.stop();
    expect(readers.counts.faults).toEqual([]);
    expect(await verdict()).toMatchObject({ intact: true });
  });
});
