import { randomUUID } from 'node:crypto';
import { bootstrapCatalog } from '../../../src/application/bootstrap/bootstrap-catalog.ts';
import { newCommandId } from '../../../src/eventstore/uuids.ts';
import { createMailedToken } from '../../../src/identity/mailed/mailed-token.ts';
import { openReset } from '../../../src/identity/mailed/resets.ts';
import { type Chance, oneOf } from '../chance.ts';
import type { Ledger, TestMember, TestOrganization } from '../ledger.ts';
import { cheapPasswords } from '../passwords.ts';
import { readyPack } from '../ready-pack.ts';
import { createUser } from '../users.ts';

/** An organization to send requests for, and what was learned of it: what ends it for requests ends no other. */
export type World = {
  readonly organization: TestOrganization;
  readonly owner: TestMember;
  /** What is known to be there for a field of this name, or an id of this kind; for one request, so that mostly it fits together. */
  readonly known: (chance: Chance) => (name: string, idPrefix: string | null) => unknown;
  /** Takes ids, license keys, cursors and the like from an answer. */
  readonly learn: (value: unknown) => void;
  /** Creates another license with a device, a seat and a scheduled change, an invitation, a project and an API key. */
  readonly refresh: () => Promise<void>;
};

const password = 'four small green apples';
const passwordHash = cheapPasswords().hash(password);
const products = ['local_cli', 'cloud_ide', 'workflow_app'];
const release = '1.0.0';

/** A new organization with a catalog, members and licenses. */
export const createWorld = async (ledger: Ledger): Promise<World> => {
  const organization = await ledger.createVendor('Fuzzed');
  const { organizationId, apiKey: key } = organization;
  await bootstrapCatalog(ledger.needs, {
    commandId: newCommandId(),
    organizationId,
    products: products.map((code) => ({ code, name: code, description: null })),
  });
  const [owner, other] = [
    await ledger.createMember(organizationId, 'OWNER'),
    await ledger.createMember(organizationId, 'OWNER'),
  ];

  // What a test makes users with is no hash that a password could be held against.
  await ledger.database.superuser.query('update identity.users set password_hash = $2 where user_id = any($1)', [
    [owner.userId, other.userId],
    await passwordHash,
  ]);

  const pools = new Map<string, string[]>();
  const add = (pool: string, value: string) => {
    // To revoke its own key would end the requests of the organization.
    if (value === organization.apiKeyId) return;
    const values = pools.get(pool) ?? [];
    if (!values.includes(value)) values.push(value);
    // Few, so that what is drawn was made a moment ago.
    pools.set(pool, values.slice(-3));
  };
  const learn = (value: unknown): void => eachKnown(value, add);

  const offers = await offersTo(ledger, organizationId);

  // What belongs together, by the same names: an operation on a device finds it only at its own license.
  let latest = new Map<string, string>();
  let isTrial = false;
  const refresh = async () => {
    const made = new Map<string, string>();
    const make = async (path: string, body: unknown) => {
      // Refused where requests have made such policies that nothing can be issued under them.
      const { body: answer } = await ledger.call('POST', path, { key: owner.accessToken, body });
      learn(answer);
      eachKnown([body, answer], (pool, value) => made.set(pool, value));
    };
    const limits = { activations: 20, seats: 20, users: 20, meters: { api_calls: 1_000_000 } };
    // Only a trial can be converted.
    const tier = isTrial ? 'TRIAL' : 'PRO';
    isTrial = !isTrial;
    await make('/v1/licenses', { tier, products, limits, entitlements: [{ code: 'export' }] });
    const named = { licenseKey: made.get('licenseKey'), product: products[0] };
    const effectiveAt = new Date(Date.now() + 86_400_000).toISOString();
    // They do not depend on each other. At once, they are projected in few batches.
    await Promise.all([
      make('/v1/licenses/activate', { ...named, fingerprint: randomUUID() }),
      make('/v1/licenses/leases', { ...named, leaseHolder: randomUUID() }),
      make(`/v1/organizations/${organizationId}/members`, { email: `${randomUUID()}@fuzz.example`, role: 'GUEST' }),
      make('/v1/projects', { name: 'Fuzz' }),
      // Only a release that exists can be withdrawn.
      make(`/v1/products/${products[0]}/releases`, { version: release, releasedAt: '2026-01-31T00:00:00.000Z' }),
      make('/v1/api-keys', { name: 'Fuzz', scopes: ['licenses:read'] }),
      make(`/v1/licenses/${made.get('lic')}/suspend`, { reason: { code: 'PAYMENT' }, effectiveAt }),
      resetTokenFor(ledger).then((token) => learn({ token })),
    ]);
    learn(offers);
    latest = made;
  };
  learn([owner, other, organization]);
  await refresh();
  // It signs the log, too.
  const packId = await readyPack(ledger, organization);
  const signedEventId: string = JSON.parse((await ledger.call('GET', '/v1/events?limit=1', { key })).text).data[0].id;
  learn((await ledger.call('POST', '/v1/licenses', { key, body: { tier: 'TRIAL', products } })).body);
  learn((await ledger.call('GET', '/v1/policies', { key })).body);
  learn((await ledger.call('GET', '/v1/products', { key })).body);

  const known = (chance: Chance) => {
    const together = chance.percent(50) ? latest : new Map<string, string>();
    return (name: string, idPrefix: string | null) => together.get(idPrefix ?? name) ?? likely(chance, name, idPrefix);
  };
  const likely = (chance: Chance, name: string, idPrefix: string | null) => {
    if (name === 'email') return chance.percent(50) ? `${chance.below(2 ** 31)}@fuzz.example` : owner.email;
    // Others that it makes are not the credentials' own.
    if (name === 'organizationId' && chance.percent(80)) return organizationId;
    if (name === 'packId' && chance.percent(80)) return packId;
    // Most others are newer than the checkpoint.
    if (name === 'eventId' && chance.percent(80)) return signedEventId;
    const pool = pools.get(idPrefix ?? name);
    if (pool !== undefined && pool.length > 0) return oneOf(pool, chance);
    const values = likelyFor[name];
    return values === undefined ? undefined : oneOf(values, chance);
  };
  return { organization, owner, known, learn, refresh };
};

/** The ids of two licenses that another issuer offers to the organization. */
const offersTo = async (ledger: Ledger, holderOrganizationId: string): Promise<readonly unknown[]> => {
  const { apiKey: key } = await ledger.createVendor('Offering');
  const offer = () =>
    ledger.call('POST', '/v1/licenses', { key, body: { tier: 'PRO', products, holderOrganizationId } });
  return [(await offer()).body.license?.id, (await offer()).body.license?.id];
};

/** The token of a password reset of a user of its own, as a mail has it. */
const resetTokenFor = async ({ database, secrets }: Ledger): Promise<string> => {
  const { userId } = await createUser(database.api);
  const resetId = randomUUID();
  await openReset(database.api, { userId, resetId }, new Date());
  return createMailedToken(secrets, 'password-reset', [userId, resetId]);
};

/** Calls `found` with everything in a request or an answer that others can be asked with, and the pool that it belongs to. */
const eachKnown = (value: unknown, found: (pool: string, value: string) => void, name = ''): void => {
  if (Array.isArray(value)) for (const each of value) eachKnown(each, found, name);
  else if (typeof value === 'object' && value !== null)
    for (const [field, each] of Object.entries(value)) eachKnown(each, found, field);
  else if (typeof value === 'string') {
    if (/^[a-z]{3}_[0-7][0-9a-z]{25}$/.test(value)) found(value.slice(0, 3), value);
    if (learned.has(name)) found(name === 'nextCursor' ? 'cursor' : name, value);
  }
};

const learned: ReadonlySet<string> = new Set([
  ...['fingerprint', 'leaseHolder'],
  'licenseKey',
  'nextCursor',
  'refreshToken',
  'token',
  'email',
  'password',
]);

const likelyFor: Readonly<Record<string, readonly unknown[]>> = {
  product: products,
  products,
  add: products,
  remove: products,
  fingerprint: ['device-1', 'device-2', 'device-3'],
  user: ['worker-1', 'worker-2'],
  leaseHolder: ['process-1', 'process-2'],
  duration: ['P1Y', 'P1M', 'P30D', 'PT1H', 'P100Y'],
  password: [password],
  currentPassword: [password],
  newPassword: [password, `${password}!`],
  timeZone: ['Europe/Berlin', 'UTC', 'America/New_York'],
  wait: ['0'],
  limit: ['1', '2', '100'],
  meter: ['api_calls'],
  quantity: [1, 5],
  policyVersion: [1],
  version: [release],
  code: ['export', 'local_cli', 'PAYMENT'],
  level: ['0'],
  index: ['000.p/1'],
};
