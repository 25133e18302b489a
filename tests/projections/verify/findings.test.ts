import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { repairChain } from '../../../src/aggregates/repair-chain.ts';
import type { EventStore, Recorded } from '../../../src/eventstore/event-store.ts';
import type { Finding } from '../../../src/projections/verify/findings.ts';
import { verifyLedger } from '../../../src/projections/verify/verify.ts';
import { withBreaks } from '../../support/broken-chain.ts';
import { createLog, testInstant } from '../../support/license-fixtures.ts';
import { randomLog } from '../../support/random-log.ts';
import { createReadModels, emptyReadModels, project, storeOf } from '../../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(() => emptyReadModels(models.superuser));

type Given = Partial<Omit<Parameters<typeof verifyLedger>[0], 'store'>> & { readonly store?: Pick<EventStore, 'read'> };

/** Verifies a log in memory. `store` has its streams. */
const verify = (log: readonly Recorded[], { store, ...options }: Given = {}) =>
  verifyLedger({
    store: { ...storeOf(log), ...store },
    readLog: async function* ({ upTo }) {
      for (const recorded of log) if (recorded.position.commit <= upTo.commit) yield recorded;
    },
    pool: models.projector,
    ...options,
  });

const altered = (recorded: Recorded): Recorded => ({ ...recorded, metadata: { ...recorded.metadata, altered: true } });

describe('Damage in many places', () => {
  const log = randomLog(1_200, 8);
  const licenses = [...new Set(log.map(({ stream }) => stream))].filter((stream) => stream.startsWith('license-'));

  test('is reported once per stream, and faulty events take precedence over wrong rows', async () => {
    await project(models.projector, log);
    const [tampered, broken, changed] = [licenses[0] ?? '', licenses[1] ?? '', licenses[2] ?? ''];
    const damaged = withBreaks(log, broken, [1n]).map((recorded) =>
      recorded.stream === tampered && recorded.revision === 1n ? altered(recorded) : recorded,
    );
    await models.superuser.query(`update rm.license_keys set hint = 'other' where license_id = $1`, [changed.slice(8)]);
    expect(await verify(damaged)).toMatchObject({
      intact: false,
      events: log.length,
      damaged: 3,
      repaired: 0,
      findings: expect.arrayContaining([
        expect.objectContaining({ code: 'EVENT_ALTERED', stream: tampered, revision: 1n }),
        expect.objectContaining({
          code: 'CHAIN_BROKEN',
          stream: broken,
          revision: 1n,
          what: expect.stringContaining('ledger repair-chain can repair it'),
        }),
        expect.objectContaining({ code: 'ROWS_DIFFER', stream: changed }),
      ]),
    });
  });

  test('is counted and reported completely, also when the verdict has few findings', async () => {
    await project(models.projector, log);
    await models.superuser.query(`update rm.licenses set activations = activations + 1`);
    const told: Finding[] = [];
    const { findings, damaged } = await verify(log, { findingsMax: 2, onFinding: (finding) => told.push(finding) });
    expect(findings).toHaveLength(2);
    expect(damaged).toBe(licenses.length);
    expect(told.map(({ stream }) => stream).toSorted()).toEqual(licenses.toSorted());
  });

  test('in rows without events is counted by their streams', async () => {
    await project(models.projector, log);
    const lost = licenses.slice(0, 2);
    const rest = log.filter(({ stream }) => !lost.includes(stream));
    const { findings, damaged } = await verify(rest);
    expect(damaged).toBe(2);
    for (const { code, stream, what } of findings)
      expect([code, lost.includes(stream ?? ''), what]).toEqual([
        'ROWS_DIFFER',
        true,
        expect.stringMatching(/ has [0-9]+ rows of it, the log makes 0$/),
      ]);
  });

  test('is reported when a stream has other events than the log has of it', async () => {
    const [stream = ''] = licenses;
    const store = storeOf(log.filter((recorded) => recorded.stream !== stream || recorded.revision < 2n));
    expect(await verify(log, { store })).toMatchObject({
      damaged: 1,
      findings: [
        {
          code: 'EVENT_MISSING',
          stream,
          what: expect.stringMatching(/^the log has [0-9]+ events of the stream, and the stream itself has 2$/),
        },
      ],
    });
  });

  test('is reported once for a stream that differs in several ways', async () => {
    await project(models.projector, log);
    const [stream = ''] = licenses;
    const [, ...others] = log.filter((recorded) => recorded.stream === stream);
    const store = storeOf(log.filter((recorded) => recorded.id !== others.at(-1)?.id));
    await models.superuser.query(`update rm.licenses set activations = 99 where license_id = $1`, [stream.slice(8)]);
    expect(await verify(log, { store })).toMatchObject({ damaged: 1, findings: [{ code: 'ROWS_DIFFER', stream }] });
  });
});

test('A repaired chain has its own code and is no damage, and the history shows the repair', async () => {
  const ledger = createLog();
  const licenseId = ledger.issue('repaired');
  for (const device of ['a', 'b', 'c']) ledger.activate(licenseId, device);
  const stream = `license-${licenseId}`;
  const log = [...withBreaks(ledger.log, stream, [3n])];
  await project(models.projector, log);
  expect(await verify(log)).toMatchObject({ intact: false, findings: [{ code: 'CHAIN_BROKEN', stream }] });

  const store: Pick<EventStore, 'read' | 'append'> = {
    ...storeOf(log),
    append: async (_, events) => {
      for (const [index, event] of events.entries()) {
        const commit = BigInt((log.length + 1) * 100);
        log.push({ ...event, stream, revision: BigInt(5 + index), position: { commit, prepare: commit } });
      }
      return { revision: 5n, position: { commit: 1n, prepare: 1n } };
    },
  };
  await repairChain(store, stream, { operator: 'ops-7', reason: 'TWO_WRITERS', at: testInstant(100) });
  await project(models.projector, log);
  expect(await verify(log)).toMatchObject({
    intact: true,
    damaged: 0,
    repaired: 1,
    notProjected: 0,
    findings: [{ code: 'CHAIN_REPAIRED', stream, what: expect.stringContaining('at revision 3') }],
  });
  const { rows } = await models.superuser.query(
    `select type, actor_id, reason_code, data->>'operator' as operator from rm.license_events
      where license_id = $1 order by revision desc limit 1`,
    [licenseId],
  );
  expect(rows).toEqual([
    { type: 'ChainRepaired', actor_id: 'repair-chain', reason_code: 'TWO_WRITERS', operator: 'ops-7' },
  ]);
  expect((await models.superuser.query(`select revision from rm.licenses`)).rows).toEqual([{ revision: '5' }]);
});

test('A long stream is read and compared in pages', async () => {
  const ledger = createLog();
  const licenseId = ledger.issue('long');
  for (let round = 0; round < 400; round++) {
    ledger.activate(licenseId, `device ${round}`);
    ledger.deactivate(licenseId, `device ${round}`);
  }
  await project(models.projector, ledger.log);
  const { read } = storeOf(ledger.log);
  const sizes: number[] = [];
  const store: Pick<EventStore, 'read'> = {
    read: (stream, from, eventsMax) => {
      sizes.push(eventsMax ?? Number.POSITIVE_INFINITY);
      return read(stream, from, eventsMax);
    },
  };
  expect(await verify(ledger.log, { store })).toMatchObject({ intact: true, events: 802 });
  expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
  await models.superuser.query(`update rm.activations set platform = 'other' where activation_id =
    (select activation_id from rm.activations order by activation_id limit 1)`);
  expect(await verify(ledger.log)).toMatchObject({ damaged: 1, findings: [{ code: 'ROWS_DIFFER' }] });
});

describe('The due date of a license', () => {
  const issueIn = (timeZone: string) => {
    const ledger = createLog();
    const licenseId = ledger.issue(timeZone);
    const log = ledger.log.map((recorded): Recorded => {
      const { term } = recorded.data;
      if (typeof term !== 'object' || term === null) return recorded;
      return { ...recorded, data: { ...recorded.data, term: { ...term, timeZone } } };
    });
    return withBreaks(log, `license-${licenseId}`, []);
  };
  const digests = async (log: readonly Recorded[]) => {
    const all: string[] = [];
    await verify(log, { readModelsOnly: true, onDigest: ({ table, digest }) => all.push(`${table} ${digest}`) });
    return all;
  };
  const later = `update rm.licenses set due_at = due_at + interval '1 hour'`;

  test('is not compared outside of UTC, because machines know different rules of time zones', async () => {
    const log = issueIn('Europe/Berlin');
    await project(models.projector, log);
    expect((await models.superuser.query('select due_at from rm.licenses')).rows).toEqual([
      { due_at: expect.any(Date) },
    ]);
    const before = await digests(log);
    await models.superuser.query(later);
    expect(await verify(log)).toMatchObject({ intact: true, damaged: 0 });
    expect(await digests(log)).toEqual(before);
  });

  test('is compared in UTC', async () => {
    const log = issueIn('UTC');
    await project(models.projector, log);
    const before = await digests(log);
    await models.superuser.query(later);
    expect(await verify(log)).toMatchObject({ intact: false, findings: [{ code: 'ROWS_DIFFER' }] });
    expect(await digests(log)).not.toEqual(before);
  });
});
