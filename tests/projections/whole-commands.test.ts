import { afterAll, beforeAll, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { builtInPolicy } from '../../src/domain/license/issue/built-in-policies.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { runProjector } from '../../src/projections/run-projector.ts';
import { context, issueLicense, send } from '../support/commands.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { testId, testInstant } from '../support/license-fixtures.ts';
import { createReadModels, quiet } from '../support/read-models.ts';

let models: Awaited<ReturnType<typeof createReadModels>>;
let running: RunningStore;
beforeAll(async () => {
  models = await createReadModels();
  running = await startStore();
});
afterAll(async () => {
  await models.drop();
  await running.stop();
});

/** Remembers what each transaction of the projector ends with, as other connections then see it. */
const rememberCommits = `
  create table public.commits (tier text, activations integer, license_id text);
  create function public.remember() returns trigger language plpgsql security definer as $$
  begin
    insert into public.commits
      select l.tier, (l.limits ->> 'activations')::integer, l.license_id from rm.licenses l;
    return null;
  end $$;
  create constraint trigger remember after update on ops.checkpoints
    deferrable initially deferred for each row execute function public.remember();`;

test('Readers never see some of what a command changed, in batches of any size', async () => {
  await models.superuser.query(rememberCommits);
  const executor = createExecutor({ store: running.connect() });
  const licenses = [testId('lic', 'one'), testId('lic', 'two')];
  for (const licenseId of licenses) {
    await send(executor, licenseAggregate, licenseId, issueLicense(licenseId), context(), () => null);
    await send(
      executor,
      licenseAggregate,
      licenseId,
      {
        type: 'ChangeTier',
        at: testInstant(10),
        data: {
          target: {
            policy: builtInPolicy('ENTERPRISE', testId('pol', 'other')),
            ...{ products: ['local_cli'], entitlements: [] },
            limits: { activations: 50, seats: 0, users: 0, meters: {} },
          },
        },
      },
      context(),
      () => null,
    );
  }
  const stored = await Promise.all(licenses.map((licenseId) => running.connect().read(`license-${licenseId}`)));
  expect(stored.map(({ events }) => events.map(({ type }) => type))).toEqual(
    licenses.map(() => ['LicenseIssued', 'LicenseKeyIssued', 'LicenseTierChanged', 'LicenseLimitsChanged']),
  );

  const stop = new AbortController();
  const projector = runProjector({
    ...{ store: running.connect({ watch: { idleMs: 20, pollMs: 50 } }), pool: models.projector, log: quiet },
    ...{ batchMax: 1, signal: stop.signal },
  });
  const keys = async () => (await models.superuser.query('select from rm.license_events')).rowCount;
  await expect.poll(keys, { timeout: 60_000 }).toBe(8);
  stop.abort();
  await projector.done;
  const { rows } = await models.superuser.query('select distinct tier, activations from public.commits order by tier');
  expect(rows).toEqual([
    { tier: 'ENTERPRISE', activations: 50 },
    { tier: 'PRO', activations: 5 },
  ]);
});
