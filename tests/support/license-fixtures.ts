import { createHash } from 'node:crypto';
import { isRejection } from '../../src/domain/decider.ts';
import { encodeId, type IdPrefix } from '../../src/domain/ids.ts';
import type { LicenseCommand } from '../../src/domain/license/commands.ts';
import { licenseDecider } from '../../src/domain/license/decider.ts';
import { builtInPolicy } from '../../src/domain/license/issue/built-in-policies.ts';
import type { License } from '../../src/domain/license/license.ts';
import type { PinnedPolicy } from '../../src/domain/license/policy.ts';
import type { OrganizationEvent } from '../../src/domain/organization/events.ts';
import type { Instant } from '../../src/domain/time.ts';
import { genesisHash, hashOf, linkToChain } from '../../src/eventstore/chain/chain.ts';
import type { JsonObject, Proposed, Recorded } from '../../src/eventstore/event-store.ts';
import { uuidv5 } from '../../src/eventstore/uuid-v5.ts';
import { eventId } from '../../src/eventstore/uuids.ts';

/** The same typed id for the same name, in every run. */
export const testId = (prefix: IdPrefix, name: string): string =>
  encodeId(prefix, uuidv5('00000000-0000-4000-8000-000000000000', `${prefix}:${name}`));

/** 64 hex digits that stand for the HMAC of `text`. */
export const testHash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** `seconds` after the start of all fixtures. */
export const testInstant = (seconds: number): Instant => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString();

export const vendor = testId('org', 'vendor');
export const rival = testId('org', 'rival');
export const customer = testId('org', 'customer');

/** What a test changes of an ordinary license: PRO, one year, five activations, no holder. */
export type LicenseOptions = {
  readonly issuerOrgId?: string;
  readonly holderOrgId?: string | null;
  readonly policy?: Partial<PinnedPolicy>;
  readonly activations?: number;
  readonly seats?: number;
  readonly users?: number;
  readonly meters?: Readonly<Record<string, number>>;
  readonly products?: readonly string[];
  readonly externalRef?: string | null;
  readonly expiresAt?: Instant;
  readonly startsAt?: Instant;
  readonly secretId?: string;
};

/** A log in memory: commands are decided by the real decider, and events linked to chains as in the product. */
export const createLog = () => {
  const log: Recorded[] = [];
  const ends = new Map<string, { nextRevision: bigint; hash: string }>();
  const states = new Map<string, License>();
  let seconds = 0;

  const append = (
    stream: string,
    facts: readonly Fact[],
    owners: Owners,
    at: Instant,
    reason: Reason = tested,
  ): readonly Recorded[] => {
    const end = ends.get(stream) ?? { nextRevision: 0n, hash: genesisHash };
    const linked = linkToChain(propose(stream, facts, { ...owners, reason }, at, end.nextRevision), { stream, ...end });
    const appended = linked.map((event, index): Recorded => {
      // Positions of the real server have gaps too.
      const commit = BigInt((log.length + index + 1) * 100);
      return { ...event, stream, revision: end.nextRevision + BigInt(index), position: { commit, prepare: commit } };
    });
    log.push(...appended);
    const last = linked.at(-1);
    if (last !== undefined)
      ends.set(stream, { nextRevision: end.nextRevision + BigInt(linked.length), hash: hashOf(last) });
    return appended;
  };

  /** Sends a command to a license; a refused one changes nothing. Each comes a second after the one before. */
  const send = (licenseId: string, command: Unstamped<LicenseCommand>): readonly Recorded[] => {
    seconds += 1;
    const at = testInstant(seconds);
    let state = states.get(licenseId) ?? licenseDecider.initial();
    const decision = licenseDecider.decide({ ...command, at } as LicenseCommand, state, (index) =>
      testId('evt', `${licenseId} ${seconds} ${index}`),
    );
    if (isRejection(decision)) return [];
    for (const event of decision) {
      state = licenseDecider.evolve(state, event, { recordedAt: at, effectiveAt: event.effectiveAt ?? at });
    }
    states.set(licenseId, state);
    if (state.kind === 'unissued') return [];
    return append(`license-${licenseId}`, decision, state.facts, at);
  };

  const issue = (name: string, options: LicenseOptions = {}): string => {
    const licenseId = testId('lic', name);
    const { issuerOrgId = vendor, holderOrgId = null, startsAt = null } = options;
    const { activations = 5, seats = 0, users = 0, meters = {}, secretId = 'secret-1' } = options;
    const key = { keyHash: testHash(`key of ${name}`), secretId, hint: name.slice(-5) };
    send(licenseId, {
      type: 'IssueLicense',
      data: {
        ...{ licenseId, issuerOrgId, holderOrgId, key },
        policy: { ...builtInPolicy('PRO', testId('pol', issuerOrgId)), ...options.policy },
        products: options.products ?? ['local_cli', 'cloud_ide'],
        term:
          options.expiresAt === undefined
            ? { kind: 'duration', duration: 'P1Y', startsAt }
            : { kind: 'fixed', expiresAt: options.expiresAt, startsAt },
        limits: { activations, seats, users, meters },
        entitlements: [{ code: 'export', value: null, limit: 100, until: null, source: 'grant' }],
        externalRef: options.externalRef ?? null,
      },
    });
    return licenseId;
  };

  return {
    /** Everything so far, in log order. */
    log,
    append,
    send,
    issue,
    /** What happened to an organization or a catalog, undecided, as of now. */
    happen: (stream: `organization-${string}` | `catalog-${string}`, events: readonly Fact[]) => {
      const issuerOrgId = stream.slice(stream.indexOf('-') + 1);
      return append(stream, events, { issuerOrgId, holderOrgId: null }, testInstant(seconds));
    },
    organization: (organizationId: string, name: string) => {
      const events: OrganizationEvent[] = [
        { type: 'OrganizationCreated', data: { organizationId, name } },
        {
          type: 'ApiKeyCreated',
          data: { apiKeyId: testId('key', name), name: `${name} CI`, scopes: ['licenses:read'], hint: 'lgr_live_abcd' },
        },
      ];
      append(
        `organization-${organizationId}`,
        events,
        { issuerOrgId: organizationId, holderOrgId: null },
        testInstant(seconds),
      );
    },
    activate: (licenseId: string, device: string) =>
      send(licenseId, {
        type: 'Activate',
        data: {
          activationId: testId('act', `${licenseId}/${device}/${seconds}`),
          fingerprintHash: testHash(device),
          ...{ product: 'local_cli', nameRef: testId('ref', device), platform: 'linux', appVersion: '2.1.0' },
        },
      }),
    deactivate: (licenseId: string, device: string) =>
      send(licenseId, { type: 'Deactivate', data: { device: { fingerprintHash: testHash(device) }, by: 'USER' } }),
    suspend: (licenseId: string, until: Instant | null = null) =>
      send(licenseId, { type: 'Suspend', data: { reasonCode: 'PAYMENT', until } }),
    reinstate: (licenseId: string) => send(licenseId, { type: 'Reinstate', data: {} }),
    renew: (licenseId: string) =>
      send(licenseId, { type: 'Renew', data: { duration: 'P1M', basis: 'FROM_EXPIRY', reasonCode: null } }),
    revoke: (licenseId: string) => send(licenseId, { type: 'Revoke', data: { reasonCode: 'FRAUD' } }),
    expire: (licenseId: string, termNumber: number) => send(licenseId, { type: 'Expire', data: { termNumber } }),
  };
};

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

type Fact = { readonly type: string; readonly data: JsonObject; readonly effectiveAt?: Instant };
type Owners = { readonly issuerOrgId: string; readonly holderOrgId: string | null };
type Reason = { readonly code: string; readonly text: string | null };
type Unstamped<Command> = Command extends LicenseCommand ? Omit<Command, 'at'> : never;

const tested: Reason = { code: 'TEST', text: null };

const propose = (
  stream: string,
  facts: readonly Fact[],
  { issuerOrgId, holderOrgId, reason }: Owners & { readonly reason: Reason },
  recordedAt: Instant,
  revision: bigint,
): Proposed[] => {
  const commandId = uuidv5('00000000-0000-4000-8000-000000000000', `${stream}@${revision}`);
  return facts.map(({ type, data, effectiveAt }, index) => ({
    id: eventId(commandId, '00', index),
    type,
    data,
    metadata: {
      ...{ schemaVersion: 1, issuerOrgId, holderOrgId, effectiveAt: effectiveAt ?? recordedAt, recordedAt },
      actor: { type: 'API_KEY', id: testId('key', 'tests'), onBehalfOf: null },
      reason,
      ...{ commandId, requestHash: testHash(commandId), $correlationId: commandId, $causationId: null },
    },
  }));
};
