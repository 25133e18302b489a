import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { licenseAggregate } from '../../src/aggregates/aggregates.ts';
import { decodeLicense } from '../../src/aggregates/codec-license.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import type { License, LicenseFacts } from '../../src/domain/license/license.ts';
import { isRepair } from '../../src/eventstore/chain/repair-event.ts';
import { createExecutor } from '../../src/eventstore/executor/execute.ts';
import { connectLogReader, type LogReader } from '../../src/eventstore/read-log.ts';
import { parseSecrets } from '../../src/identity/secrets.ts';
import { verifyLedger } from '../../src/projections/verify/verify.ts';
import { appendLog } from '../support/append-log.ts';
import { type Answer, type Ledger, startLedger } from '../support/ledger.ts';
import { type OldLog, readOldLog } from '../support/old-log.ts';
import { sized } from '../support/size.ts';

// The log that 20dbbe5 wrote, in the store of a ledger of this build.
const old = readOldLog('log-20dbbe5');
const prefix = 'license-';
let ledger: Ledger;
let reader: LogReader;
beforeAll(async () => {
  ledger = await startLedger();
  reader = connectLogReader({ url: ledger.store.url });
  await appendLog(ledger.store.connect(), old.events);
  await everythingIsProjected();
});
afterAll(async () => {
  await reader.close();
  await ledger.stop();
});

const everythingIsProjected = async () => {
  const head = await ledger.store.connect().head({ timeoutMs: 10_000 });
  expect(await ledger.projected.waitFor(head?.commit ?? 0n, 30_000)).toBe(true);
};
const verify = (readModelsOnly: boolean) =>
  verifyLedger({
    store: ledger.store.connect(),
    readLog: reader.read,
    pool: ledger.database.projector,
    readModelsOnly,
  });
const parked = async () => (await ledger.database.superuser.query('select * from ops.parked')).rows;

const foldedOf = (): ReadonlyMap<string, License> => {
  const states = new Map<string, License>();
  for (const recorded of old.events) {
    if (!recorded.stream.startsWith(prefix)) continue;
    const { event, at } = decodeLicense(recorded);
    if (isRepair(event)) continue;
    const before = states.get(recorded.stream) ?? licenseDecider.initial();
    states.set(recorded.stream, licenseDecider.evolve(before, event, at));
  }
  return states;
};

/** Licenses with an expiry that a process with a slow clock moved after the term was announced as expired. */
const movedAfterAnnouncement = (): ReadonlySet<string> => {
  const announced = new Set<string>();
  const moved = new Set<string>();
  for (const { stream, type, data } of old.events) {
    if (type === 'LicenseExpired') announced.add(`${stream} ${data.termNumber}`);
    if (type === 'LicenseExpiryChanged' && announced.has(`${stream} ${data.termNumber}`))
      moved.add(stream.slice(prefix.length));
  }
  return moved;
};

/** Returns all licenses in the full run, else one for each set of types of events that streams have. */
const licensesOfEveryKind = (): OldLog['licenses'] => {
  const types = new Map<string, Set<string>>();
  for (const { stream, type } of old.events) types.set(stream, (types.get(stream) ?? new Set()).add(type));
  const counts = new Map<string, number>();
  return old.licenses.filter(({ licenseId }) => {
    const kind = [...(types.get(prefix + licenseId) ?? [])].toSorted().join();
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return count <= sized(old.licenses.length, 1);
  });
};

/** Works on all of them, some at a time. */
const forEach = async <Item>(items: readonly Item[], work: (item: Item) => Promise<void>) => {
  const waiting = items[Symbol.iterator]();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
};

test('The fixture has whole streams of many licenses, with announcements before decisive events', () => {
  expect(old.licenses.length).toBeGreaterThan(300);
  const deactivating = new Set(
    old.events.flatMap(({ type, metadata }) => (type === 'ActivationDeactivated' ? [metadata.commandId] : [])),
  );
  for (const decisive of ['LicenseRevoked', 'LicenseTransferred', 'ProductRemoved', 'LicenseLimitsChanged']) {
    const decided = old.events.filter(
      ({ type, metadata }) => type === decisive && deactivating.has(metadata.commandId),
    );
    expect(decided.length, decisive).toBeGreaterThan(0);
    for (const { data } of decided) expect(data).not.toHaveProperty('ends');
  }
});

// The rules that changed since, and the states that they change:
// - An expiry that was moved after it had been announced is announced again: the old build never did.
// - Meters are counted until a renewed term begins: the old build dropped them at the renewal.
// - A suspension without a gap began with its first part: the old build named the part that a reason was added after.
test('Every license folds to the same state as in the old build, but for the rules that changed', () => {
  const states = foldedOf();
  const moved = movedAfterAnnouncement();
  const renewedEarly = new Set<string>();
  const adjoining = new Set<string>();
  for (const { licenseId, facts } of old.licenses) {
    const state = states.get(prefix + licenseId);
    const folded: Readonly<Record<string, unknown>> = state?.kind === 'issued' ? state.facts : {};
    // Facts that this build added are not compared.
    const known = Object.fromEntries(Object.keys(facts).map((name) => [name, folded[name]]));
    const expected: Record<string, unknown> = moved.has(licenseId)
      ? { ...facts, announcedTerm: Number(facts.announcedTerm) - 1 }
      : { ...facts };
    const { usage, nextTerms } = folded as Pick<LicenseFacts, 'usage' | 'nextTerms'>;
    const counted = facts.usage as LicenseFacts['usage'];
    if (nextTerms.length > 0 && !isDeepStrictEqual(usage, counted)) {
      renewedEarly.add(licenseId);
      expect(counted.meters, licenseId).toEqual({});
      expected.usage = { ...counted, meters: usage.meters };
    }
    const { suspension } = folded as Pick<LicenseFacts, 'suspension'>;
    const named = facts.suspension as LicenseFacts['suspension'];
    if (suspension !== null && named !== null && suspension.since < named.since) {
      adjoining.add(licenseId);
      expected.suspension = { ...named, since: suspension.since };
    }
    expect(known, licenseId).toEqual(expected);
  }
  expect(moved.size).toBeGreaterThan(0);
  expect(renewedEarly.size).toBe(2);
  expect(adjoining.size).toBe(1);
});

describe('A ledger that starts on the log of the old build', () => {
  test('projects every event and parks no stream', async () => {
    expect(await parked()).toEqual([]);
    expect(await verify(false)).toMatchObject({ intact: true, notProjected: 0, parked: 0 });
    expect(await verify(true)).toMatchObject({ intact: true });
  });

  test('answers the license keys that the old build issued', async () => {
    // The keys and fingerprints of the test ledger are hashed with the same secret.
    expect(parseSecrets(old.secret).signing.id).toBe(ledger.secrets.signing.id);
    const withKey = old.licenses.flatMap(({ licenseKey, licenseId }) =>
      licenseKey === null ? [] : [{ licenseKey, licenseId }],
    );
    expect(withKey.length).toBeGreaterThan(100);
    await forEach(withKey, async ({ licenseKey, licenseId }) => {
      const { status, body } = await ledger.call('POST', '/v1/licenses/validate', { body: { licenseKey } });
      expect([status, body.license?.id, licenseKey]).toEqual([200, licenseId, licenseKey]);
    });
  });

  test('keeps every license with its holder, who has consented to nobody: the next license is an offer', async () => {
    const byHolder = new Map<string, string[]>();
    for (const { licenseId, facts } of old.licenses) {
      const { issuerOrgId, holderOrgId } = facts;
      if (typeof holderOrgId !== 'string' || holderOrgId === issuerOrgId) continue;
      const pair = `${issuerOrgId} ${holderOrgId}`;
      byHolder.set(pair, [...(byHolder.get(pair) ?? []), licenseId]);
    }
    expect(byHolder.size).toBeGreaterThan(2);
    for (const [pair, licenses] of byHolder) {
      const [issuerOrgId = '', holderOrganizationId = ''] = pair.split(' ');
      const holder = await ledger.createKey(holderOrganizationId, ['licenses:read']);
      const list = `/v1/licenses?limit=100&issuer=${issuerOrgId}`;
      const { body } = await ledger.call('GET', list, { key: holder.apiKey });
      expect(
        Object.values(body.data ?? {})
          .map(({ id }) => String(id))
          .toSorted(),
      ).toEqual(licenses.toSorted());
      const issuer = await ledger.createKey(issuerOrgId, ['licenses:write']);
      const next = { tier: 'PRO', products: ['local_cli'], holderOrganizationId };
      const issued = await ledger.call('POST', '/v1/licenses', { key: issuer.apiKey, body: next });
      expect([issued.status, issued.body.license?.holderOrganizationId]).toEqual([201, null]);
    }
  });

  test('renews, suspends and revokes licenses of every kind, and verify finds no damage', async () => {
    const licenses = licensesOfEveryKind();
    const closed = old.events.flatMap(({ type, stream }) => (type === 'OrganizationClosed' ? [stream.slice(13)] : []));
    const issuers = [...new Set(old.licenses.map(({ facts }) => String(facts.issuerOrgId)))];
    const keys = new Map<string, string>();
    for (const id of issuers.filter((issuer) => !closed.includes(issuer)))
      keys.set(id, (await ledger.createKey(id, ['licenses:read', 'licenses:write'])).apiKey);

    const outcomes: Record<string, number> = {};
    const note = (verb: string, { status, body }: Answer) => {
      const outcome = `${verb} ${status} ${status === 200 ? '' : String(body.code)}`.trim();
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    };
    await forEach(licenses, async ({ licenseId, facts }) => {
      const key = keys.get(String(facts.issuerOrgId));
      if (key === undefined) return;
      const headers = { prefer: 'respond-async' };
      const post = async (verb: string, body: object) =>
        note(verb, await ledger.call('POST', `/v1/licenses/${licenseId}/${verb}`, { key, body, headers }));
      await post('renew', { duration: 'P1M', basis: 'FROM_NOW_IF_EXPIRED' });
      await post('suspend', { reason: { code: 'FRAUD' } });
      await post('revoke', { reason: { code: 'REFUND' } });
    });
    const alive = outcomes['suspend 200'] ?? 0;
    const dead = outcomes['suspend 409 LICENSE_REVOKED'] ?? 0;
    expect(alive).toBeGreaterThan(sized(200, 90));
    expect(outcomes).toEqual({
      'renew 200': expect.any(Number),
      // Perpetual, not started, or renewable no longer.
      'renew 400 TERM_INVALID': expect.any(Number),
      'renew 409 LICENSE_REVOKED': dead,
      'suspend 200': alive,
      'suspend 409 LICENSE_REVOKED': dead,
      'revoke 200': alive + dead,
    });

    await everythingIsProjected();
    const fresh = createExecutor({ store: ledger.store.connect() });
    await forEach(licenses, async ({ licenseId, facts }) => {
      if (!keys.has(String(facts.issuerOrgId))) return;
      const ended = await fresh.read(licenseAggregate, licenseId, (license) =>
        license.kind === 'issued' ? { revoked: license.facts.revokedAt !== null, ...license.facts.usage } : null,
      );
      expect([licenseId, ended]).toEqual([
        licenseId,
        expect.objectContaining({ revoked: true, activations: 0, seats: 0 }),
      ]);
    });
    expect(await parked()).toEqual([]);
    expect(await verify(false)).toMatchObject({ intact: true, notProjected: 0, parked: 0 });
  }, 120_000);
});
