import { randomBytes } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { parseSecrets } from '../../src/identity/secrets.ts';
import { versionsOf } from '../../src/projections/versions.ts';
import { type RunningStore, startStore } from '../support/event-store.ts';
import { testInFull } from '../support/in-full.ts';
import { type Issuing, issueDirectly, sendTo } from '../support/issue-directly.ts';
import { testId } from '../support/license-fixtures.ts';
import { manyLicenses } from '../support/many-licenses.ts';
import { type Program, runProgram } from '../support/processes.ts';
import { condition } from '../support/product.ts';
import { createReadModels } from '../support/read-models.ts';
import { sized } from '../support/size.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { createVendor } from '../support/vendor.ts';

const clients = sized(50);
const ownLicenses = 30;
const others = sized(20_000, 500);
const longMs = 120_000 + others * 10;

type Release = { readonly directory: string; readonly number: number };
type Process = Program & { readonly url: string };
type Answer = { readonly status: number; readonly retryAfter: string | null; readonly body: Body };
type Body = {
  readonly code?: string;
  readonly detail?: string;
  readonly license?: { readonly products: string[] };
  readonly parts?: Readonly<Record<string, string>>;
};

let models: Awaited<ReturnType<typeof createReadModels>>;
let store: RunningStore;
let older: Release;
let newer: Release;
let issuing: Issuing;
let started: Process[];
const secret = randomBytes(32).toString('base64');
beforeEach(async () => {
  // After half a minute, a process refuses requests when it lacks the secret of a key.
  const log = manyLicenses(others, parseSecrets(secret).signing.id);
  [models, store] = await Promise.all([createReadModels(), startStore(log)]);
  older = { directory: path.resolve('db'), number: 1 };
  newer = { directory: await anotherShape(), number: 2 };
  started = [];
  issuing = {
    executor: createExecutor({ store: store.connect() }),
    secrets: parseSecrets(secret),
    needs: { now: () => new Date().toISOString() },
    projected: { waitFor: async () => true },
    a: { organizationId: testId('org', 'upgrade') },
  };
  return async () => {
    for (const each of started) {
      each.process.kill('SIGTERM');
      await each.ended;
    }
    await store.stop();
    await models.drop();
  };
}, longMs);

// The columns are those of before, and what is read from them is something else.
const anotherShape = async (): Promise<string> => {
  const directory = path.join(await temporaryDirectory(), 'db');
  await cp('db', directory, { recursive: true });
  const file = path.join(directory, 'read-models/070-validation-facts.sql');
  const text = await readFile(file, 'utf8');
  const changed = text.replace(
    'w.version, l.license,',
    "w.version, jsonb_populate_record(l.license, jsonb_build_object('products', array['newer'] || (l.license).products)),",
  );
  if (changed === text) throw new Error('The shape is the same.');
  await writeFile(file, changed);
  return directory;
};

const start = async ({ directory, number }: Release): Promise<Process> => {
  const program = runProgram('run-release.ts', [models.url, store.url, directory, `${number}`, secret]);
  const { url } = (await program.firstAnswer) as { url: string };
  const running = { ...program, url };
  started.push(running);
  return running;
};

const stop = async (running: Process): Promise<void> => {
  started = started.filter((each) => each !== running);
  running.process.kill('SIGTERM');
  expect(await running.ended).toBe(0);
};

const call = async ({ url }: Process, at: string, init: RequestInit = {}): Promise<Answer> => {
  const response = await fetch(new URL(at, url), init);
  const retryAfter = response.headers.get('retry-after');
  return { status: response.status, retryAfter, body: (await response.json()) as Body };
};

const validate = (running: Process, licenseKey: string): Promise<Answer> =>
  call(running, '/v1/licenses/validate', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ licenseKey }),
  });

const isReady = async (running: Process) => (await call(running, '/readyz')).status === 200;

const activeVersion = async () => {
  const versions = await versionsOf(models.projector);
  return versions.find(({ state }) => state === 'active')?.version;
};

const issueSome = async (running: Process) => {
  const licenses = [];
  for (let each = 0; each < ownLicenses; each++) licenses.push(await issueDirectly(issuing));
  const last = licenses.at(-1)?.licenseKey ?? '';
  await condition(
    'the licenses can be read',
    async () => (await validate(running, last)).body.code === 'VALID',
    longMs,
  );
  return licenses;
};

describe('A release with another shape of the read models', () => {
  test(`gives ${clients} clients only right answers and 503 while it takes over from the previous release`, {
    timeout: longMs,
  }, async () => {
    const old = await start(older);
    const licenses = await issueSome(old);
    const apiKey = await createVendor({ databaseUrl: models.url, eventStoreUrl: store.url, secret });
    const headers = { authorization: `Bearer ${apiKey}` };

    const faults: string[] = [];
    const counts = { right: 0, late: 0, byNew: 0 };
    const suspended = new Set<string>();
    const seenSuspended = new Set<string>();
    let processes: readonly Process[] = [old];
    let stopped = false;
    const judge = (running: Process, licenseId: string, wasSeen: boolean, { status, retryAfter, body }: Answer) => {
      if (status === 503 && retryAfter !== null) {
        counts.late += 1;
        return;
      }
      const isOld = running === old;
      const products = body.license?.products ?? [];
      const isRight =
        status === 200 &&
        products.includes('newer') === !isOld &&
        (body.code === 'SUSPENDED' ? suspended.has(licenseId) : body.code === 'VALID' && !wasSeen);
      if (body.code === 'SUSPENDED') seenSuspended.add(licenseId);
      if (isRight) counts.right += 1;
      else faults.push(`${isOld ? 'old' : 'new'}: ${status} ${JSON.stringify(body)}`);
      if (isRight && !isOld) counts.byNew += 1;
    };
    const client = async (seed: number) => {
      for (let turn = seed; !stopped; turn += 7) {
        const { licenseId, licenseKey } = licenses[turn % licenses.length] ?? { licenseId: '', licenseKey: '' };
        const running = processes[turn % processes.length] ?? old;
        const wasSeen = seenSuspended.has(licenseId);
        const answer = await validate(running, licenseKey);
        judge(running, licenseId, wasSeen, answer);
        // A client that retries a 503 without a pause delays the build that it waits for.
        await delay(answer.status === 503 ? 100 : 10);
        if (turn % 5 !== 0) continue;
        const { status, body } = await call(running, '/v1/licenses?limit=1', { headers });
        if (status !== 200 && status !== 503) faults.push(`the API key: ${status} ${JSON.stringify(body)}`);
      }
    };
    const working = Array.from({ length: clients }, (_, seed) => client(seed));
    const suspending = (async () => {
      for (const { licenseId } of licenses.slice(0, ownLicenses / 2)) {
        if (stopped) return;
        suspended.add(licenseId);
        await sendTo(issuing, licenseId, { type: 'Suspend', data: { reasonCode: 'FRAUD', until: null } });
        await delay(100);
      }
    })();

    const [first, second] = await Promise.all([start(newer), start(newer)]);
    processes = [old, first, second];
    await condition(
      'both processes of the new release are ready',
      async () => (await isReady(first)) && isReady(second),
      longMs,
    );
    const before = counts.byNew;
    await condition('the new release answers', () => counts.byNew > before + 50, longMs);
    await suspending;
    stopped = true;
    await Promise.all(working);

    expect(faults).toEqual([]);
    expect(counts.late).toBeGreaterThan(0);
    // One of the two has built it.
    expect((await versionsOf(models.projector)).map(({ version, release }) => [version, release])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    const [license] = licenses;
    expect(await validate(old, license?.licenseKey ?? '')).toMatchObject({
      status: 503,
      retryAfter: '5',
      body: {
        code: 'NOT_PROJECTED_YET',
        detail: 'The read models of release 2 serve, and this process is of release 1. Update this process.',
      },
    });
    expect(await call(old, '/readyz')).toMatchObject({
      status: 503,
      body: { detail: expect.stringContaining('this process is of release 1') },
    });

    // A process of the older release that starts now changes nothing either.
    const late = await start(older);
    await condition('it says why it stands by', async () => {
      const { body } = await call(late, '/readyz');
      return body.parts?.projector?.startsWith('stands by: Release 2') === true;
    });
    await delay(1_000);
    expect(await activeVersion()).toBe(2);
    // On a busy machine a check of Postgres may end too late, and the next one does not.
    await condition('the new release is ready', () => isReady(first), longMs);
    expect(await isReady(late)).toBe(false);
  });

  testInFull(
    'refuses requests with its progress until its own read models are level',
    {
      timeout: longMs,
    },
    async () => {
      const old = await start(older);
      const [license] = await issueSome(old);
      const apiKey = await createVendor({ databaseUrl: models.url, eventStoreUrl: store.url, secret });
      await stop(old);

      const alone = await start(newer);
      const early: Answer[] = [];
      await condition(
        'it is ready',
        async () => {
          early.push(await validate(alone, license?.licenseKey ?? ''));
          early.push(await call(alone, '/v1/licenses', { headers: { authorization: `Bearer ${apiKey}` } }));
          const ready = await call(alone, '/readyz');
          if (ready.status !== 200) early.push(ready);
          return ready.status === 200;
        },
        longMs,
      );
      const refused = early.filter(({ status }) => status !== 200);
      expect(refused.length).toBeGreaterThan(0);
      for (const { status, retryAfter, body } of refused) {
        expect({ status, retryAfter, code: body.code }).toEqual({
          status: 503,
          retryAfter: '5',
          code: 'NOT_PROJECTED_YET',
        });
      }
      expect(refused.map(({ body }) => body.detail).join('\n')).toMatch(
        /being built: (?:\d+ % of the log is folded|no event)/,
      );
      for (const { body } of early.filter(({ status }) => status === 200))
        expect(['VALID', undefined]).toContain(body.code);
      expect(await validate(alone, license?.licenseKey ?? '')).toMatchObject({ status: 200, body: { code: 'VALID' } });
    },
  );
});
