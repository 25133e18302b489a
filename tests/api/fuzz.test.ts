import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { browserSessionPath } from '../../src/api/auth/session-cookie.ts';
import type { Route } from '../../src/api/route.ts';
import type { Permission } from '../../src/domain/authority.ts';
import { permissions } from '../../src/domain/permissions.ts';
import { type Chance, chanceOf, runSeed } from '../support/chance.ts';
import { drawValue } from '../support/fuzz/draw-value.ts';
import { createJudge } from '../support/fuzz/judge.ts';
import { type Draft, impossiblePosition, mutate } from '../support/fuzz/mutations.ts';
import { pathOf, type Received, send } from '../support/fuzz/send.ts';
import { createWorld, type World } from '../support/fuzz/world.ts';
import { startStandInNotary } from '../support/issuer-trees.ts';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { sized } from '../support/size.ts';

let ledger: Ledger;
let notary: Awaited<ReturnType<typeof startStandInNotary>>;
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
beforeAll(async () => {
  ledger = await startLedger();
  notary = await startStandInNotary(ledger.database.superuser);
});
afterAll(async () => {
  await notary.stop();
  agent.destroy();
  await ledger.stop();
});

/** Nothing that was accepted may be more than the projection can digest: it would stop for all, or leave it out. */
const expectProjectionToGoOn = async () => {
  const { answer } = await ledger.issue();
  const position = BigInt(answer.headers.get('ledger-position') ?? -1);
  expect(await ledger.projected.waitFor(position, 30_000)).toBe(true);
  const { rows } = await ledger.database.superuser.query('select * from ops.parked');
  expect(rows).toEqual([]);
};

/** Valid requests of one operation after which it must have been carried out at least once. */
const patience = 500;

/** After so many in vain the world may be at fault: a policy that was changed at random lets nobody activate a device. */
const worldPatience = 24;

const parts = z.object({
  params: z.record(z.string(), z.string()),
  query: z.record(z.string(), z.union([z.string(), z.record(z.string(), z.string())])),
  body: z.unknown().optional(),
});

/** A request that the route's own schema takes, with a credential that may send it. */
const drawRequest = (route: Route, world: World, chance: Chance): Draft => {
  const known = world.known(chance);
  const drawn = parts.parse(drawValue(route.request, { chance, known }));
  const changes = route.effect === 'append' || route.effect === 'change';
  return {
    method: route.method.toUpperCase(),
    path: route.path,
    params: drawn.params,
    // Whoever waits for an event is answered in half a minute.
    query: Object.entries(drawn.query).flatMap(([name, value]) =>
      typeof value === 'string'
        ? [[name, name === 'wait' ? '0' : value] as const]
        : Object.entries(value).map(([member, text]) => [`${name}[${member}]`, text] as const),
    ),
    headers: {
      ...authorizationFor(route, world, chance),
      // Only a page of the server may use it, and its token is in a cookie.
      ...(route.path === browserSessionPath ? ofOwnPage(String(known('refreshToken', null))) : {}),
      ...(drawn.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(changes && chance.percent(40) ? { 'idempotency-key': randomUUID() } : {}),
      ...(chance.percent(70) ? { prefer: 'respond-async' } : {}),
      // Each of them waits for two seconds.
      ...(route.effect === 'read' && chance.percent(1) ? { 'ledger-min-position': impossiblePosition } : {}),
    },
    json: route.access.kind === 'license' ? naming(drawn.body, known, chance) : drawn.body,
  };
};

const ofOwnPage = (refreshToken: string) => {
  const { origin, port } = new URL(ledger.baseUrl);
  return { origin, cookie: `ledger-session-${port}=${refreshToken}.` };
};

/** A client's request mostly names its license in one way: the schema lets it do so in two or in none. */
const naming = (body: unknown, known: Known, chance: Chance): unknown => {
  const parsed = named.safeParse(body);
  if (!parsed.success || chance.percent(25)) return body;
  const { licenseKey: _, licenseId: __, ...others } = parsed.data;
  return { ...others, licenseKey: known('licenseKey', null) };
};
type Known = ReturnType<World['known']>;
const named = z.looseObject({ licenseKey: z.unknown().optional(), licenseId: z.unknown().optional() });

const authorizationFor = ({ access }: Route, { organization, owner }: World, chance: Chance) => {
  if (access.kind === 'anybody') return {};
  const token = `Bearer ${owner.accessToken}`;
  if (access.kind === 'user') return { authorization: token };
  const { own }: Permission = permissions[access.permission];
  const takesKeys = own.scopes.length > 0;
  return { authorization: takesKeys && chance.percent(60) ? `Bearer ${organization.apiKey}` : token };
};

const shown = (draft: Draft): string => {
  const { authorization: _, ...headers } = draft.headers;
  const body = draft.bytes?.toString('latin1') ?? JSON.stringify(draft.json) ?? '';
  return `${draft.method} ${pathOf(draft).slice(0, 500)} ${JSON.stringify(headers).slice(0, 500)} ${body.slice(0, 1_000)}`;
};

test('Every operation answers as declared to valid and invalid requests', async () => {
  const seed = runSeed();
  const chance = chanceOf(seed);
  const judge = createJudge(ledger.routes);
  const perKind = sized(500, 1);
  const faults: string[] = [];
  const counts = new Map<string, { valid: number; spoiled: number; done: number }>();

  let world = await createWorld(ledger);
  const ask = async (route: Route, draft: Draft): Promise<Received> => {
    const received = await send(ledger.baseUrl, agent, draft);
    const fault = judge(route, draft, received);
    if (fault !== null)
      faults.push(`${route.operationId}: ${fault}\n  ${shown(draft)}\n  ${received.text.slice(0, 500)}`);
    // Lists would push out what was made a moment ago.
    if (received.status < 300 && received.text !== '' && route.method !== 'get') world.learn(JSON.parse(received.text));
    return received;
  };

  for (const route of ledger.routes.toSorted((one, other) => turnOf(one) - turnOf(other))) {
    const count = { valid: 0, spoiled: 0, done: 0 };
    let inVain = 0;
    counts.set(route.operationId, count);
    // As many as it takes for one of them to be carried out, or most of what is behind the checks is never seen.
    while (count.valid < perKind || (count.done === 0 && count.valid < patience)) {
      // The first requests that read find what earlier requests have made.
      if (route.effect !== 'read' || count.valid > 0) await world.refresh();
      const batch = Array.from({ length: batchOf(perKind - count.valid) }, () => drawRequest(route, world, chance));
      const answers = await inTurns(batch, (draft) => ask(route, draft));
      count.valid += batch.length;
      count.done += answers.filter(({ status }) => status < 300).length;
      if (route.access.kind !== 'anybody' && answers.some(isOver)) world = await createWorld(ledger);
      const spoiled = batch.map((draft) => mutate(draft, chance));
      const more = await inTurns(spoiled, (draft) => ask(route, draft));
      count.spoiled += more.length;
      inVain = count.done === 0 ? inVain + batch.length : 0;
      const isStuck = inVain >= worldPatience;
      if (isStuck) inVain = 0;
      if (isStuck || more.some(({ text }) => text.includes('"closedAt":"')) || !(await isAlive(world)))
        world = await createWorld(ledger);
    }
    if (faults.length > 20) break;
  }
  expect(faults.slice(0, 20), `LEDGER_SEED=${seed}`).toEqual([]);

  for (const { valid, spoiled } of counts.values()) expect(Math.min(valid, spoiled)).toBeGreaterThanOrEqual(perKind);
  const never = [...counts].filter(([, { done }]) => done === 0).map(([operationId]) => operationId);
  expect(never, `LEDGER_SEED=${seed}`).toEqual([]);
  await expectProjectionToGoOn();
}, 3_600_000);

/** How many valid requests to draw at once. What is refused again and again is tried with several in one world. */
const batchOf = (left: number): number => (left > 0 ? Math.min(left, 25) : 8);

/** What makes something new comes before what is done with it, that before its end, and what ends credentials last. */
const turnOf = ({ method, path }: Route): number => {
  if (/^\/v1\/(?:auth|users|organizations|api-keys)\b/.test(path)) return 3;
  return method === 'delete' ? 2 : path.includes('{') ? 1 : 0;
};

/** Requests may end what they are sent with. */
const isOver = ({ status, text }: Received): boolean =>
  status === 401 || text.includes('"ORGANIZATION_CLOSED"') || text.includes('"closedAt":"');

const isAlive = async ({ organization, owner }: World): Promise<boolean> => {
  for (const key of [organization.apiKey, owner.accessToken])
    if ((await ledger.call('GET', '/v1/licenses?limit=1', { key })).status !== 200) return false;
  return true;
};

/** A few at a time: the product queues the rest anyway, and would say so. */
const inTurns = async <Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>) => {
  const results: Result[] = [];
  const waiting = items[Symbol.iterator]();
  const worker = async () => {
    for (const item of waiting) results.push(await work(item));
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return results;
};

test('The earliest and latest instants are refused or projected', async () => {
  const instants = ['0000-01-01T00:00:00.000Z', '0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'];
  const terms = instants.flatMap((instant) => [{ startsAt: instant, duration: 'P100Y' }, { expiresAt: instant }]);
  for (const term of [...terms, { startsAt: instants[1], expiresAt: instants[2] }]) {
    const body = { tier: 'PRO', products: ['local_cli'], term };
    const answer = await ledger.call('POST', '/v1/licenses', { key: ledger.a.apiKey, body });
    expect(answer.status).toBeLessThan(500);
    await expectProjectionToGoOn();
  }
});
