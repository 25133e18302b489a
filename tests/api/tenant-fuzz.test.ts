import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ledger, startLedger } from '../support/ledger.ts';
import { randomFrom } from '../support/license-fixtures.ts';
import { sampled, sized } from '../support/size.ts';
import { type Attack, createAttack } from './tenants/attack.ts';
import { nameOf } from './tenants/positions.ts';
import { createAttacker, createTenant, type Tenant } from './tenants/tenant.ts';

const patience = 1_200_000;
const random = randomFrom(41);
const draw = <Value>(from: readonly Value[]) => from[Math.floor(random() * from.length)];

let ledger: Ledger;
let victims: readonly Tenant[];
let attack: Attack;
let before: Readonly<Record<string, readonly string[]>>;
beforeAll(async () => {
  ledger = await startLedger();
  // The other one has texts in all places in the full run only: they take long to set.
  const isTried = () => random() < sized(20) / 20;
  victims = [await createTenant(ledger, 'one'), await createTenant(ledger, 'two', isTried)];
  before = await rowsOf(victims);
  attack = createAttack(ledger, { attacker: await createAttacker(ledger, 'own'), victims, draw, mayName });
}, patience);
afterAll(() => ledger.stop());

/** Where one organization names another, which it must know to be one: to give it a license, and to find that again. */
const mayName: ReadonlySet<string> = new Set([
  'listLicenses query holder',
  // A cursor belongs to the issuer that its feed was filtered by.
  'listEvents query issuer',
  'streamEvents query issuer',
  'issueLicense body holderOrganizationId',
  'importLicense body holderOrganizationId',
  'transferLicense body toHolderOrganizationId',
]);

/**
 * Fields without free text: they name or prove an existing object, or choose a duration or a kind. A reference of a payment
 * needs a term; renewals and conversions set one.
 */
const namesOther =
  /(?:^| |\.)(?:licenseKey|product|products\.0|user|fingerprint|components\.any|meter|corrects|revoke|remove\.0)$|^requestPack body filter\.|^re(?:new|lease)Lease body leaseHolder$/;
const saysOther =
  /(?:^| |\.)(?:duration|renewalDuration|deactivateUnseenAfter|maintenance|remindBefore\.0|currentPassword|newPassword|confirmPassword body password|timeZone|version|version\.\w+|versions\.\w+|email)$|^changeLicense(?:Tier|Policy) body billingRef$|^recordUsage body records\.0\.usageId$/;

/** Every row of the read models and the vault that belongs to these organizations, as text. */
const rowsOf = async (tenants: readonly Tenant[]) => {
  const head = (await ledger.events()).at(-1)?.position.commit ?? 0n;
  await ledger.projected.waitFor(head, 20_000);
  const { rows: tables } = await ledger.database.superuser.query<{ name: string }>(
    `select schemaname || '.' || tablename as name from pg_tables where schemaname in ('rm', 'vault') order by 1`,
  );
  const owned = tenants.map(({ subject }) => subject.organization.organizationId);
  const found: Record<string, readonly string[]> = {};
  for (const { name } of tables) {
    const { rows } = await ledger.database.superuser.query<{ row: string }>(
      `select t::text as row from ${name} t where issuer_org_id = any($1) order by 1`,
      [owned],
    );
    found[name] = rows.map(({ row }) => row);
  }
  return found;
};

test('The test sets every text of an organization, which reads them back', () => {
  for (const { unplanted } of victims)
    expect([...unplanted].filter((name) => !namesOther.test(name) && !saysOther.test(name))).toEqual([]);
  expect(victims[0]?.planted.size).toBeGreaterThan(100);
  expect(victims[0]?.shown.size).toBeGreaterThan(40);
});

test(
  'No request reveals a text, an id or the existence of another organization',
  async () => {
    const ids = attack.targets.filter(({ position }) => position.prefixes.length > 0);
    expect(ids.length).toBeGreaterThan(100);
    for (const [index, target] of sampled(ids, 4).entries()) {
      const victim = victims[index % victims.length];
      if (victim !== undefined) await attack.foreign(target, victim);
    }
    // Texts of others in bodies come last: what is set with them is one's own.
    const others = attack.targets.filter(
      ({ of: { route }, position: { part } }) => part !== 'body' || route.method === 'get',
    );
    while (attack.requests() < sized(20_000, 150)) {
      const [target, victim] = [draw(random() < 0.5 ? ids : others), draw(victims)];
      if (target === undefined || victim === undefined) break;
      const kind = random();
      if (kind < 0.6) await attack.foreign(target, victim);
      else if (kind < 0.8) await attack.unknown(target);
      else await attack.malformed(target);
    }
    expect([...attack.faults]).toEqual([]);
    console.log(
      `${attack.requests()} requests to ${new Set(attack.targets.map(({ of }) => of.route)).size} operations.`,
    );
  },
  patience,
);

test(
  'No text is refused because another organization has it',
  async () => {
    const texts = attack.targets.filter(
      ({ of: { route }, position: { part, prefixes } }) =>
        part === 'body' && prefixes.length === 0 && route.method !== 'get',
    );
    const tried = new Set<string>();
    for (const target of texts) {
      const place = `${target.of.route.operationId} ${nameOf(target.position)}`;
      if (tried.has(place) || random() > sized(20) / 20) continue;
      tried.add(place);
      const victim = draw(victims);
      if (victim !== undefined) await attack.taken(target, victim);
    }
    expect([...attack.faults]).toEqual([]);
  },
  patience,
);

test('The other organizations are unchanged, and the log has no text of anybody', async () => {
  expect(await rowsOf(victims)).toEqual(before);
  expect(ledger.logged.filter((line) => /cnry/i.test(line))).toEqual([]);
  for (const { subject, owner } of victims) {
    expect((await ledger.call('GET', '/v1/licenses', { key: subject.organization.apiKey })).status).toBe(200);
    const token = owner.authorization?.slice('Bearer '.length);
    expect((await ledger.call('GET', '/v1/auth/me', { key: token })).status).toBe(200);
  }
});
