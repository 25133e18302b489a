import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectLogReader } from '../../../src/eventstore/read-log.ts';
import { listParked } from '../../../src/projections/parked.ts';
import { rebuild } from '../../../src/projections/rebuild/rebuild.ts';
import { prune } from '../../../src/projections/rebuild/roll-back.ts';
import { type Projector, runProjector } from '../../../src/projections/run-projector.ts';
import { verifyLedger } from '../../../src/projections/verify/verify.ts';
import { activeProjection, versionsOf } from '../../../src/projections/versions.ts';
import { type RunningStore, startStore } from '../../support/event-store.ts';
import { testInFull } from '../../support/in-full.ts';
import { createLog, testId } from '../../support/license-fixtures.ts';
import { licenseName, manyLicenses } from '../../support/many-licenses.ts';
import { condition } from '../../support/product.ts';
import { atEachIndex, createReadModels, dumpReadModels, quiet } from '../../support/read-models.ts';
import { sized } from '../../support/size.ts';

const licenses = sized(300, 40);

let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
let projector: Projector;
let stopping: AbortController;
beforeEach(async () => {
  models = await createReadModels();
  running = await startStore(manyLicenses(licenses));
  stopping = new AbortController();
  const { signal } = stopping;
  projector = runProjector({ store: connect(), pool: models.projector, log: quiet, signal, backoffMs: () => 20 });
  await projected();
});
afterEach(async () => {
  await stopProjector();
  await running.stop();
  await models.drop();
});

const connect = () => running.connect({ watch: { idleMs: 50, pollMs: 100 } });

const stopProjector = async () => {
  stopping.abort();
  await projector.done;
};

const rebuilding = (options: Partial<Parameters<typeof rebuild>[0]> = {}) => {
  const { url } = models;
  const { signal } = new AbortController();
  return { store: connect(), databaseUrl: url, projectorUrl: url, log: quiet, signal, settleMs: 0, ...options };
};

const projected = () => {
  const store = running.connect();
  return condition('the projector is at the end of the log', async () => {
    const head = await store.head({ timeoutMs: 10_000 });
    return projector.position() === (head?.commit ?? null) && projector.state().kind === 'following';
  });
};

const verdict = async (readModelsOnly = false) => {
  const reader = connectLogReader({ url: running.url });
  try {
    return await verifyLedger({ store: connect(), readLog: reader.read, pool: models.projector, readModelsOnly });
  } finally {
    await reader.close();
  }
};

/** Returns the schemas of versions, and their rows in ops. */
const traces = async () => {
  const { rows } = await models.superuser.query<{ name: string }>(
    `select nspname as name from pg_namespace where nspname ~ '^rm(_|$)' order by 1`,
  );
  const { rows: checkpoints } = await models.superuser.query('select version, schema_name from ops.checkpoints');
  return { schemas: rows.map(({ name }) => name), checkpoints, versions: await versionsOf(models.projector) };
};

describe('During a rebuild', () => {
  test('both versions get new events, and the projector goes on in the new one', async () => {
    const ledger = createLog();
    const store = connect();
    let written = 0;
    let stopped = false;
    const writing = (async () => {
      while (!stopped) {
        const id = ledger.issue(`written/${written}`);
        const events = ledger.log.splice(0);
        await store.append(`license-${id}`, events, 'no_stream', { timeoutMs: 10_000 });
        written += 1;
      }
    })();
    await condition('something is written', () => written > 3);
    const { version } = await rebuild(rebuilding({ settleMs: 500 }));
    const atSwitch = written;
    await condition('more is written', () => written > atSwitch + 3);
    stopped = true;
    await writing;
    await projected();
    expect((await activeProjection(models.projector)).version).toBe(version);
    expect(await verdict()).toMatchObject({ intact: true, notProjected: 0, streams: licenses + 3 + written });
  });

  testInFull('a reader in a long transaction delays neither the switch nor other readers', async () => {
    const reader = await models.superuser.connect();
    await reader.query('begin; select count(*) from rm.licenses');
    await rebuild(rebuilding());
    expect((await models.superuser.query('select from rm.licenses')).rowCount).toBe(licenses);
    expect((await reader.query('select from rm.licenses')).rowCount).toBe(licenses);
    await reader.query('commit');
    reader.release();
  });
});

/** Changes a stored event, as a faulty disk or program does. */
const spoilEvent = async (stream: string, revision: number, change: string) => {
  const client = new pg.Client(running.databaseUrl);
  await client.connect();
  await client.query(`update eventstore.events set ${change} where stream = $1 and revision = $2`, [stream, revision]);
  await client.end();
};

describe('Streams with an event that cannot be projected', () => {
  const parkedIn = async () =>
    (await listParked(models.projector, await activeProjection(models.projector))).map(({ stream, fromRevision }) => [
      stream,
      fromRevision,
    ]);

  test('are parked in the new version too, and reported', async () => {
    const stream = `license-${testId('lic', licenseName(7))}`;
    await spoilEvent(stream, 3, `data = '{}'`);
    const { version, parked } = await rebuild(rebuilding());
    expect(parked).toEqual([stream]);
    expect(await parkedIn()).toEqual([[stream, 3n]]);
    await projected();
    // This skips the hash chains, because the event breaks one.
    expect(await verdict(true)).toMatchObject({ intact: true, parked: 1 });
    const { rows } = await models.superuser.query(
      'select distinct issuer_org_id from ops.parked_owners where version = $1',
      [version],
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(await revisionOf(stream)).toBe(2);
  });

  test('without a valid envelope are reported as errors', async () => {
    const stream = `license-${testId('lic', licenseName(7))}`;
    await spoilEvent(stream, 3, `metadata = '{}'`);
    const errors: object[] = [];
    // The log of the issuer has one event fewer than before.
    await rebuild(rebuilding({ force: true, log: { ...quiet, error: (fields) => void errors.push(fields) } }));
    expect(errors).toContainEqual(expect.objectContaining({ stream, revision: '3' }));
  });

  test('are found one by one when Postgres refuses their rows', async () => {
    const id = testId('lic', licenseName(7));
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === 'folding') refused ??= refuse();
    };
    let refused: Promise<unknown> | undefined;
    const refuse = async () => {
      const { rows } = await models.superuser.query<{ name: string }>(
        `select nspname as name from pg_namespace where nspname ~ '^rm_v'`,
      );
      await models.superuser.query(
        `alter table ${rows[0]?.name}.licenses add constraint refused check (license_id <> '${id}' or revision < 3)`,
      );
    };
    const { parked } = await rebuild(rebuilding({ onProgress }));
    await refused;
    expect(parked).toEqual([`license-${id}`]);
    expect(await revisionOf(`license-${id}`)).toBe(2);
    expect((await models.superuser.query('select from rm.licenses')).rowCount).toBe(licenses);
  });

  testInFull('are found one by one when only an index refuses their rows', async () => {
    const { version } = await activeProjection(models.projector);
    const before = await dumpReadModels(models.superuser);
    await atEachIndex(
      models.superuser,
      `if exists (select from rm_v${version + 1}.licenses) then raise 'too large' using errcode = '54000'; end if;`,
    );
    const warnings: string[] = [];
    const log = { ...quiet, warn: (_: object, message: string) => warnings.push(message) };
    await rebuild(rebuilding({ log }));
    expect(warnings).toEqual([expect.stringContaining('the log is folded slowly')]);
    expect(await dumpReadModels(models.superuser)).toEqual(before);
  });

  const revisionOf = async (stream: string) => {
    const { rows } = await models.superuser.query<{ revision: string }>(
      'select revision from rm.licenses where license_id = $1',
      [stream.slice('license-'.length)],
    );
    return Number(rows[0]?.revision);
  };
});

describe('The serving version stays as it is', () => {
  const unchanged = async (work: () => Promise<unknown>) => {
    const [rows, before] = [await dumpReadModels(models.superuser), await traces()];
    await work();
    expect(await dumpReadModels(models.superuser)).toEqual(rows);
    expect(await traces()).toEqual(before);
  };

  test('when the rebuild is stopped', () =>
    unchanged(async () => {
      const stop = new AbortController();
      const onProgress = ({ phase }: { phase: string }) => phase === 'following' && stop.abort();
      const stopped = rebuild(rebuilding({ signal: stop.signal, settleMs: 60_000, onProgress }));
      await expect(stopped).rejects.toThrow('The rebuild was stopped; the read models are as they were.');
    }));

  test('when an event is of a newer release, and the rebuild names the event', async () => {
    const id = testId('lic', licenseName(7));
    await spoilEvent(`license-${id}`, 3, `type = 'Unheard'`);
    await unchanged(() =>
      expect(rebuild(rebuilding())).rejects.toThrow(
        `Unheard at revision 3 of license-${id} cannot be projected: The event Unheard at revision 3`,
      ),
    );
  });

  test('when a higher release made it', async () => {
    await models.superuser.query('update ops.projection_versions set release = 99');
    await unchanged(() =>
      expect(rebuild(rebuilding({ force: true }))).rejects.toThrow('Release 99 works on the read models that serve'),
    );
  });

  test('when the numbers of rows differ, unless the rebuild is forced, which repairs them', async () => {
    const id = testId('lic', licenseName(7));
    const before = await dumpReadModels(models.superuser);
    await models.superuser.query('delete from rm.licenses where license_id = $1', [id]);
    await unchanged(() =>
      expect(rebuild(rebuilding())).rejects.toThrow(
        `different numbers of rows: licenses ${licenses - 1} and ${licenses}. If the serving ones are known to be wrong`,
      ),
    );
    await rebuild(rebuilding({ force: true }));
    expect(await dumpReadModels(models.superuser)).toEqual(before);
  });

  test('when the new version is not the fold of the log', async () => {
    await models.superuser.query(`create function ops.spoil() returns trigger language plpgsql as
      $$ begin new.platform := 'spoiled'; return new; end $$; grant execute on function ops.spoil to public`);
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === 'folding') spoiled ??= spoil();
    };
    let spoiled: Promise<unknown> | undefined;
    const spoil = async () => {
      const { rows } = await models.superuser.query<{ name: string }>(
        `select nspname as name from pg_namespace where nspname ~ '^rm_v'`,
      );
      await models.superuser.query(
        `create trigger spoil before insert on ${rows[0]?.name}.activations for each row execute function ops.spoil()`,
      );
    };
    await unchanged(() =>
      expect(rebuild(rebuilding({ onProgress }))).rejects.toThrow(
        /The rebuilt read models are not the fold of license-lic_\w+: the row act_\w+ of activations is missing or not/,
      ),
    );
    await spoiled;
  });

  testInFull('when another rebuild runs', async () => {
    const stop = new AbortController();
    let phase = '';
    const onProgress = (progress: { phase: string }) => {
      phase = progress.phase;
    };
    const first = rebuild(rebuilding({ signal: stop.signal, settleMs: 60_000, onProgress }));
    await condition('the first one runs', () => phase === 'following');
    const refusal = 'Another rebuild of the read models is under way: wait for its end, or stop it first.';
    await expect(rebuild(rebuilding())).rejects.toThrow(refusal);
    await expect(prune(rebuilding())).rejects.toThrow(refusal);
    stop.abort();
    await expect(first).rejects.toThrow('stopped');
  });
});

test('A rebuild brings the serving version to the end of the log when no projector runs', async () => {
  await stopProjector();
  const ledger = createLog();
  const id = ledger.issue('late');
  await connect().append(`license-${id}`, ledger.log, 'no_stream', { timeoutMs: 10_000 });
  await rebuild(rebuilding());
  expect(await verdict()).toMatchObject({ intact: true, notProjected: 0, streams: licenses + 4 });
});

test('A forced rebuild replaces read models that are ahead of a restored log', async () => {
  await stopProjector();
  await models.superuser.query(
    'update ops.checkpoints set commit_position = 1000000000, prepare_position = 1000000000',
  );
  await rebuild(rebuilding({ force: true }));
  expect(await verdict()).toMatchObject({ intact: true, notProjected: 0, streams: licenses + 3 });
});
