import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createSampler } from '../../../src/projections/rebuild/sampler.ts';
import { checkSample } from '../../../src/projections/verify/check-sample.ts';
import { randomLog } from '../../support/random-log.ts';
import { createReadModels, emptyReadModels, project, storeOf } from '../../support/read-models.ts';

const log = randomLog(1_500, 4);
const streams = [...new Set(log.map(({ stream }) => stream))];
const store = storeOf(log);

let models: Awaited<ReturnType<typeof createReadModels>>;
beforeAll(async () => {
  models = await createReadModels();
});
afterAll(() => models.drop());
beforeEach(async () => {
  await emptyReadModels(models.superuser);
  await project(models.projector, log.slice(0, 1_200));
});

/** Returns the differences and the logged errors. */
const check = async (streamsMax = streams.length) => {
  const errors: object[] = [];
  const quiet = { info: () => {}, warn: () => {}, error: (fields: object) => errors.push(fields) };
  return { differences: await checkSample({ store, pool: models.projector, log: quiet, streamsMax }), errors };
};

test('The rows of every stream are its fold up to the checkpoint', async () => {
  expect(await check()).toEqual({ differences: [], errors: [] });
});

test.each([
  ['changed', `update rm.activations set platform = 'other'`, /the row act_\w+ of activations is missing or not/],
  ['missing', 'delete from rm.license_keys', /the row org_\w+\/lic_\w+\/1 of license_keys is missing or not/],
  [
    'extra',
    `insert into rm.license_users (issuer_org_id, license_id, user_ref, revision, assigned_at)
      select issuer_org_id, license_id, 'usr_extra', 0, now() from rm.licenses`,
    /license_users has \d rows of it, the log makes/,
  ],
  [
    'extra of an organization',
    `insert into rm.projects (issuer_org_id, project_id, name, created_at)
      select organization_id, 'prj_extra', 'extra', now() from rm.organizations`,
    /projects has \d rows of it, the log/,
  ],
])('A row that is %s is reported and logged with its stream', async (_, sql, what) => {
  await models.superuser.query(sql);
  const { differences, errors } = await check();
  expect(differences.length).toBeGreaterThan(0);
  expect(errors).toEqual(differences);
  for (const difference of differences)
    expect(difference).toEqual({
      stream: expect.stringMatching(/^(license|organization)-/),
      what: expect.stringMatching(what),
    });
});

test('The sample has the requested number of streams', async () => {
  await models.superuser.query(`update rm.license_events set type = 'Other'`);
  expect((await check(5)).differences.length).toBeLessThanOrEqual(5);
});

test('A parked stream is not reported, because it is known to be behind', async () => {
  const { rows } = await models.superuser.query<{ id: string }>('select license_id as id from rm.licenses limit 1');
  await models.superuser.query(`delete from rm.license_events where license_id = $1`, [rows[0]?.id]);
  expect((await check()).differences).toHaveLength(1);
  await models.superuser.query(
    `insert into ops.parked (projection, version, stream, from_revision, event_id, event_type, error)
      select projection, version, 'license-' || $1, 0, 'id', 'type', 'error' from ops.checkpoints`,
    [rows[0]?.id],
  );
  expect((await check()).differences).toEqual([]);
});

test('The sampler draws every stream with the same chance, whatever the number of its events', () => {
  const few = createSampler(100);
  for (const stream of ['a', 'b', 'a']) few.add(stream);
  expect([...few.streams()].sort()).toEqual(['a', 'b']);

  const chosen = new Map<string, number>();
  for (let round = 0; round < 200; round++) {
    const sampler = createSampler(5, `salt ${round}`);
    for (let index = 0; index < 50; index++)
      for (let event = 0; event <= index; event++) sampler.add(`stream ${index}`);
    expect(sampler.streams()).toHaveLength(5);
    for (const stream of sampler.streams()) chosen.set(stream, (chosen.get(stream) ?? 0) + 1);
  }
  // Each is expected 20 times, and 3 would be four standard deviations off.
  for (let index = 0; index < 50; index++) expect(chosen.get(`stream ${index}`)).toBeGreaterThan(3);
});
