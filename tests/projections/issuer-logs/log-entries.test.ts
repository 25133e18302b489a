import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Recorded } from '../../../src/eventstore/event-store.ts';
import { applyOrPark } from '../../../src/projections/apply-or-park.ts';
import { readCheckpoint } from '../../../src/projections/checkpoint.ts';
import { createFastFold } from '../../../src/projections/rebuild/fold-fast.ts';
import { replayParked } from '../../../src/projections/replay-parked.ts';
import { createLog, customer, rival, testInstant, vendor } from '../../support/license-fixtures.ts';
import { randomLog } from '../../support/random-log.ts';
import {
  createReadModels,
  emptyReadModels,
  project,
  quiet,
  readModels,
  refuseLicense,
  storeOf,
  verdictOn,
} from '../../support/read-models.ts';
import { checkpointEvents } from './signed-logs.ts';
import { countedEntries, storedEntries } from './support.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(() => emptyReadModels(models.superuser));

const stored = () => storedEntries(models.superuser);

/** Applies a log in batches as the projector does. Adds the sentences that it logs as errors, with their fields, to `errors`. */
const applyAll = async (log: readonly Recorded[], size = 50, errors: object[] = []): Promise<readonly object[]> => {
  const needs = {
    ...{ pool: models.projector, projection: readModels, retryMs: 1 },
    log: { ...quiet, error: (fields: object, sentence: string) => void errors.push({ ...fields, sentence }) },
  };
  for (let first = 0; first < log.length; first += size) {
    const events = log.slice(first, first + size);
    const { position: from } = await readCheckpoint(models.projector, readModels);
    const to = events.at(-1)?.position ?? { commit: 0n, prepare: 0n };
    expect(await applyOrPark(needs, { from, events, to })).toBe(true);
  }
  return errors;
};

/** Some licenses of two issuers, one of which changes its holder. */
const transferred = () => {
  const ledger = createLog();
  for (const [id, name] of [
    [vendor, 'Vendor'],
    [customer, 'Customer'],
    [rival, 'Rival'],
  ] as const)
    ledger.organization(id, name);
  const licenseId = ledger.issue('moved', { holderOrgId: customer });
  ledger.issue('other', { issuerOrgId: rival });
  const newKey = { keyHash: 'a'.repeat(64), secretId: 'secret-1', hint: 'ZV3MP' };
  const data = { toHolderOrgId: rival, accepted: true, expiry: 'KEEP', activations: 'KEEP', newKey } as const;
  ledger.send(licenseId, { type: 'Transfer', data });
  ledger.activate(licenseId, 'after');
  return { log: ledger.log, licenseId, ledger };
};

describe('The log of an issuer', () => {
  test('has every event of its licenses, its catalog and its organization, in the order of the log', async () => {
    const log = randomLog(400, 8);
    await project(models.projector, log, 60);
    expect(await stored()).toEqual(countedEntries(log));
  });

  test('is the same in a log that was copied, with other positions and between foreign streams', async () => {
    const log = randomLog(150, 9);
    const foreign = (recorded: Recorded, stream: string): Recorded => ({ ...recorded, stream });
    const began = { type: 'LogStarted', data: { origin: 'a log', vkey: 'a key' } };
    const copied = log.flatMap((recorded, index) => [
      recorded,
      ...(index % 5 === 0 ? [foreign(recorded, 'orders-1')] : []),
      ...(index === 50 ? checkpointEvents([], vendor, [began]) : []),
    ]);
    const moved = copied.map((recorded, index) => {
      const commit = BigInt(index + 1) * 7n;
      return { ...recorded, position: { commit, prepare: commit } };
    });
    await project(
      models.projector,
      moved.filter(({ stream }) => !stream.startsWith('orders-')),
      11,
    );
    expect(await stored()).toEqual(countedEntries(log));
  });

  test('has the events of a transferred license, and the logs of both holders have none', async () => {
    const { log, licenseId } = transferred();
    await project(models.projector, log);
    const entries = await stored();
    expect(entries).toEqual(countedEntries(log));
    const ofLicense = entries.filter((entry) => entry.includes(licenseId));
    expect(ofLicense.length).toBe(log.filter(({ stream }) => stream === `license-${licenseId}`).length);
    expect(ofLicense.every((entry) => entry.startsWith(vendor))).toBe(true);
  });

  test('has the events of a parked stream, and a replay changes none', async () => {
    const { log, licenseId } = transferred();
    const mend = await refuseLicense(models.superuser, licenseId, 1);
    await applyAll(log, 3);
    const stream = `license-${licenseId}`;
    expect((await models.superuser.query('select stream from ops.parked')).rows).toEqual([{ stream }]);
    expect(await stored()).toEqual(countedEntries(log));
    await mend();
    const replay = await replayParked({ store: storeOf(log), pool: models.projector, projection: readModels }, stream);
    expect(replay).toEqual({ outcome: 'replayed' });
    expect(await stored()).toEqual(countedEntries(log));
    expect(await verdictOn(models.projector, log)).toMatchObject({ intact: true });
  });

  test('has an event of a newer release in a parked stream, and waits for that release in any other', async () => {
    const { log, ledger, licenseId } = transferred();
    await refuseLicense(models.superuser, licenseId, 1).then(async (mend) => {
      await applyAll(log, 3);
      await mend();
    });
    const owners = { issuerOrgId: vendor, holderOrgId: null };
    ledger.append(`license-${licenseId}`, [{ type: 'LicenseGilded', data: {} }], owners, testInstant(99));
    await applyAll(ledger.log.slice(-1));
    expect(await stored()).toEqual(countedEntries(ledger.log));
    const known = ledger.log.length;
    ledger.append(`catalog-${vendor}`, [{ type: 'CatalogGilded', data: {} }], owners, testInstant(100));
    await expect(applyAll(ledger.log.slice(-1))).rejects.toThrow('A newer release of this program wrote it');
    expect(await stored()).toEqual(countedEntries(ledger.log.slice(0, known)));
  });

  test('has no event without a valid envelope, which the log of the process and a verification report', async () => {
    const { log, licenseId } = transferred();
    const strays = ['license-stray', `license-${licenseId}`].map((stream, index): Recorded => {
      const commit = BigInt(log.length + index + 1) * 100n;
      const revision = index === 0 ? 0n : BigInt(log.filter((recorded) => recorded.stream === stream).length);
      const id = `00000000-0000-4000-8000-00000000000${index}`;
      return { id, type: 'Stray', data: {}, metadata: {}, stream, revision, position: { commit, prepare: commit } };
    });
    const all = [...log, ...strays];
    const errors = await applyAll(all);
    const sentence = expect.stringContaining('so it has no place in the log of an issuer');
    const reports = strays.map(({ stream, revision }) =>
      expect.objectContaining({ stream, revision: `${revision}`, sentence }),
    );
    expect(errors).toEqual(expect.arrayContaining(reports));
    expect(await stored()).toEqual(countedEntries(log));
    const { findings } = await verdictOn(models.projector, all);
    const unlogged = findings.filter(({ code }) => code === 'NOT_IN_A_LOG').map(({ stream }) => stream);
    expect(new Set(unlogged)).toEqual(new Set(strays.map(({ stream }) => stream)));
  });

  test('lacks an event that is reported also when a later part of its batch fails', async () => {
    const { ledger, licenseId } = transferred();
    const position = { commit: 1n, prepare: 1n };
    const id = '00000000-0000-4000-8000-000000000000';
    const stray = { id, type: 'Stray', data: {}, metadata: {}, stream: 'license-stray', revision: 0n, position };
    const owners = { issuerOrgId: vendor, holderOrgId: null };
    ledger.append(`catalog-${vendor}`, [{ type: 'CatalogGilded', data: {} }], owners, testInstant(99));
    const errors: object[] = [];
    // Postgres refuses the rows of the batch, so its halves are applied apart.
    const mend = await refuseLicense(models.superuser, licenseId, 1);
    const applied = applyAll([stray, ...ledger.log], 50, errors);
    await expect(applied).rejects.toThrow('A newer release of this program wrote it');
    await mend();
    expect(await stored()).not.toEqual([]);
    const sentence = expect.stringContaining('so it has no place in the log of an issuer');
    expect(errors).toContainEqual(expect.objectContaining({ stream: 'license-stray', sentence }));
  });

  test('goes on after a rebuild where the rebuild has ended', async () => {
    const log = randomLog(200, 10);
    const fold = createFastFold(models.loader, 3);
    for (let first = 0; first < 120; first += 30) await fold.add(log.slice(first, first + 30));
    await fold.finish();
    const at = log[119]?.position.commit;
    await models.superuser.query('update ops.checkpoints set commit_position = $1, prepare_position = $1', [at]);
    await project(models.projector, log, 25);
    expect(await stored()).toEqual(countedEntries(log));
  });
});

describe('A verification reports in the log of an issuer', () => {
  const log = randomLog(120, 12);
  const damaging = async (sql: string): Promise<readonly string[]> => {
    await project(models.projector, log);
    await models.superuser.query(sql);
    const { findings } = await verdictOn(models.projector, log);
    return findings.map(({ code, what }) => `${code} ${what}`);
  };
  const row = `issuer_org_id = '${vendor}' and log_index = 5`;
  const differs = `ROWS_DIFFER the row ${vendor}/5 of log_entries is missing or not what the log makes it`;

  const noLeaf = (index: number) => `TREE_DIFFERS the entry ${index} is not that of an event`;

  test.each([
    ['another event', `update rm.log_entries set event_id = gen_random_uuid() where ${row}`],
    ['another stream', `update rm.log_entries set stream = stream || 'x' where ${row}`],
    ['another revision', `update rm.log_entries set revision = revision + 9 where ${row}`],
    ['another hash', `update rm.log_entries set hash = sha256('x') where ${row}`],
    ['another instant', `update rm.log_entries set recorded_at = recorded_at + interval '1 ms' where ${row}`],
    ['a gap', `delete from rm.log_entries where ${row}`],
  ])('%s', async (change, sql) => {
    const isNoLeaf = change === 'another stream';
    expect(await damaging(sql)).toEqual(isNoLeaf ? [differs, noLeaf(5)] : [differs]);
  });

  test('two events in the wrong order', async () => {
    const swap = `update rm.log_entries set log_index = case log_index when 5 then -1 when 6 then -2 else log_index end where issuer_org_id = '${vendor}'`;
    const back = `update rm.log_entries set log_index = case log_index when -1 then 6 when -2 then 5 else log_index end where issuer_org_id = '${vendor}'`;
    const check = 'alter table rm.log_entries drop constraint log_entries_log_index_check';
    const again = 'alter table rm.log_entries add constraint log_entries_log_index_check check (log_index >= 0)';
    expect(await damaging([check, swap, back, again].join('; '))).toEqual([differs]);
  });

  test('a difference in the log of one issuer, also when a license of another is damaged', async () => {
    const damage = `update rm.licenses set activations = 99 where license_id = (select license_id from rm.licenses where issuer_org_id <> '${vendor}' limit 1)`;
    const [damaged, ...others] = await damaging(`${damage}; delete from rm.log_entries where ${row}`);
    expect([damaged, others]).toEqual([expect.stringMatching(/^ROWS_DIFFER .* of licenses /), [differs]]);
  });

  test('no difference of an issuer with a damaged license, which its finding explains', async () => {
    const damage = `update rm.licenses set activations = 99 where license_id = (select license_id from rm.licenses where issuer_org_id = '${vendor}' limit 1)`;
    expect(await damaging(`${damage}; delete from rm.log_entries where ${row}`)).toHaveLength(1);
  });

  test('an event too many', async () => {
    const copy = `insert into rm.log_entries select issuer_org_id, 1000, event_id, 'license-x', revision, hash, recorded_at
      from rm.log_entries where ${row}`;
    const count = countedEntries(log).filter((entry) => entry.startsWith(vendor)).length;
    expect(await damaging(copy)).toEqual([
      `ROWS_DIFFER log_entries has ${count + 1} rows of ${vendor}, the log makes ${count}`,
      noLeaf(count),
    ]);
  });
});
