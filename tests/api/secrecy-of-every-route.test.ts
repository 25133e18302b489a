import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CanaryRequest, canaries, canaryRequests, ordinary, secretsIn } from '../support/canaries.ts';
import { type Ledger, startLedger, type TestMember } from '../support/ledger.ts';
import { sized } from '../support/size.ts';

let ledger: Ledger;
let owner: TestMember;
const told: { readonly operationId: string; readonly text: string }[] = [];
const secrets = new Set<string>();
const isFull = sized(1, 0) === 1;

const hidden = () => [...new Set([...Object.values(canaries), ...secrets])];
const leaksIn = (text: string) => hidden().filter((secret) => text.includes(secret));
const toldIn = (text: string) => [...leaksIn(text), ...(text.includes(ordinary) ? [ordinary] : [])];
const withText = (value: unknown) =>
  JSON.stringify(value, (_name, each) => (typeof each === 'bigint' ? `${each}` : each));

beforeAll(async () => {
  ledger = await startLedger();
  owner = await ledger.createMember(ledger.a.organizationId, 'OWNER');
  const issued = await ledger.issue();
  for (const secret of [ledger.a.apiKey, ledger.b.apiKey, owner.accessToken, owner.refreshToken, owner.email])
    secrets.add(secret);
  secrets.add(issued.licenseKey);
  secrets.add(issued.licenseKey.replaceAll('-', '').slice(2, 28));
  const ids = { licenseId: issued.licenseId, organizationId: ledger.a.organizationId, userId: owner.userId };

  // What ends the credential, or what it is a credential of, comes last.
  const ends = ({ method, path }: Ledger['routes'][number]) => method === 'delete' || /logout|password/.test(path);
  const routes = ledger.routes.toSorted((a, b) => Number(ends(a)) - Number(ends(b)));
  const ask = async ({ method, path, headers, body }: CanaryRequest) => {
    const response = await fetch(`${ledger.baseUrl}${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    // A stream has no end.
    if (response.headers.get('content-type') === 'text/event-stream') await response.body?.cancel();
    return { status: response.status, text: response.bodyUsed ? '' : await response.text() };
  };
  const sendAll = async (most: number) => {
    for (const route of routes) {
      for (const [place, credential] of [ledger.a.apiKey, owner.accessToken].entries()) {
        const requests = canaryRequests(route, `Bearer ${credential}`, ids).slice(0, most);
        // The full run sends each request with both credentials, the short one every other request with one of them.
        for (const request of requests.filter((_, index) => isFull || index % 4 === place)) {
          const { status, text } = await ask(request);
          if (status >= 400) told.push({ operationId: route.operationId, text });
          else if (text.startsWith('{')) for (const secret of secretsIn(JSON.parse(text))) secrets.add(secret);
        }
      }
    }
  };
  await sendAll(Number.POSITIVE_INFINITY);
  // The same while the event store refuses: what fails is logged with its error.
  ledger.faults.refuseAppends = { code: 14, details: 'down' };
  await sendAll(1);
  ledger.faults.refuseAppends = undefined;
}, 180_000);
afterAll(() => ledger.stop());

test('The test calls every operation and finds values that must stay hidden', () => {
  const asked = new Set(told.map(({ operationId }) => operationId));
  expect([...asked].sort()).toEqual(ledger.routes.map(({ operationId }) => operationId).sort());
  expect(hidden().length).toBeGreaterThan(Object.keys(canaries).length + 5);
});

test('No refusal repeats a password, token, key, address, fingerprint or header', () => {
  for (const { operationId, text } of told) expect([operationId, text, leaksIn(text)]).toEqual([operationId, text, []]);
});

test('The log has none of them', () => {
  const log = ledger.logged.join('');
  expect(log).toContain('request failed');
  expect(ledger.logged.filter((line) => toldIn(line).length > 0)).toEqual([]);
});

test('No event has one of them', async () => {
  const events = await ledger.events();
  expect(events.length).toBeGreaterThan(10);
  expect(events.filter((event) => leaksIn(withText(event)).length > 0)).toEqual([]);
});

test('No label of a metric has one of them', async () => {
  const metrics = await ledger.metrics.registry.metrics();
  expect(metrics).toContain('route="validateLicense"');
  expect(toldIn(metrics)).toEqual([]);
});

test('No read model has one of them', async () => {
  const { rows } = await ledger.database.superuser.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'rm' order by 1",
  );
  expect(rows.length).toBeGreaterThan(10);
  for (const { name } of rows) {
    const { rows: found } = await ledger.database.superuser.query<{ text: string }>(
      `select t::text as text from rm.${name} t`,
    );
    expect([name, found.filter(({ text }) => leaksIn(text).length > 0)]).toEqual([name, []]);
  }
});
