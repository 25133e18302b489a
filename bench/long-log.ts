import { encodeId } from '../src/domain/ids.ts';
import type { LicenseEvent } from '../src/domain/license/events.ts';
import { hashOf, linkToChain } from '../src/eventstore/chain/chain.ts';
import type { Proposed } from '../src/eventstore/event-store.ts';
import { uuidv5 } from '../src/eventstore/uuid-v5.ts';
import { licenseEvents, type Vendor } from './bulk-log.ts';

/** A license with a long past. It has `events` events, and `devices` devices are active at its end. */
export type LongLicense = { readonly index: number; readonly events: number; readonly devices: number };

/** An event of a long license, with its revision. */
export type LongEvent = Proposed & { readonly revision: number };

/** The seconds between two events. A million events take less than a year, so the license does not expire. */
export const everySeconds = 25;

/** Returns the id of a long license. `bulkLicenseKey` returns its key for the same index. */
export const longLicenseId = (vendor: Vendor, index: number): string =>
  licenseEvents(vendor, index, epoch).stream.slice('license-'.length);

const epoch = '2026-01-01T00:00:00.000Z';

/**
 * Yields the sealed events of a long license in pieces. Devices are first. Then leases start and end, devices are
 * activated and released, and usage is recorded. The last event is recorded at `endsAt`. A lapse takes effect six
 * minutes earlier.
 */
export function* longLicense(vendor: Vendor, license: LongLicense, endsAt: number): Generator<readonly LongEvent[]> {
  const instantOf = (revision: number): string =>
    new Date(endsAt - (license.events - 1 - revision) * everySeconds * 1_000).toISOString();
  const { stream, events: first } = licenseEvents(vendor, license.index, instantOf(0));
  const firstEvents = first.map((event, revision) => ({ ...event, revision }));
  yield firstEvents;

  const last = firstEvents.at(-1);
  let end = { stream, nextRevision: BigInt(firstEvents.length), hash: last === undefined ? '' : hashOf(last) };
  const past = history(vendor, license);
  while (Number(end.nextRevision) < license.events) {
    const piece: Proposed[] = [];
    for (let revision = Number(end.nextRevision); revision < license.events && piece.length < pieceMax; revision++) {
      const next = past.next().value;
      const recordedAt = instantOf(revision);
      const effectiveAt = next.type === 'LeaseLapsed' ? instantOf(revision - 15) : recordedAt;
      const commandId = uuidv5(namespace, `${license.index}/${revision}`);
      piece.push({
        id: uuidv5(commandId, '0'),
        type: next.type,
        data: next.data,
        metadata: {
          schemaVersion: 1,
          issuerOrgId: vendor.organizationId,
          holderOrgId: null,
          effectiveAt,
          recordedAt,
          actor: { type: 'CLIENT', id: 'bench', onBehalfOf: null },
          reason: null,
          commandId,
          requestHash: 'a'.repeat(64),
          $correlationId: commandId,
          $causationId: null,
        },
      });
    }
    const linked = linkToChain(piece, end);
    yield linked.map((event, index) => ({ ...event, revision: Number(end.nextRevision) + index }));
    const linkedLast = linked.at(-1);
    end = {
      stream,
      nextRevision: end.nextRevision + BigInt(linked.length),
      hash: linkedLast === undefined ? end.hash : hashOf(linkedLast),
    };
  }
}

const namespace = '6a1f0c1e-7f0b-4f0e-9a55-3c1d3c0e9b22';
const pieceMax = 2_000;

function* history(vendor: Vendor, { index, devices }: LongLicense): Generator<LicenseEvent, never> {
  const hashed = (text: string): string => {
    const [one, other] = [uuidv5(namespace, `${text}/1`), uuidv5(namespace, `${text}/2`)];
    return `${one}${other}`.replaceAll('-', '');
  };
  const named = (prefix: 'act' | 'lea', text: string): string =>
    encodeId(prefix, uuidv5(namespace, `${index}/${text}`));
  const open = (name: string, countAfter: number): LicenseEvent => ({
    type: 'ActivationRecorded',
    data: {
      activationId: named('act', name),
      fingerprintHash: hashed(`${vendor.organizationId}/${name}`),
      product: 'local_cli',
      nameRef: null,
      platform: 'linux',
      appVersion: '2.1.0',
      countAfter,
      limit: 1_000_000,
      overage: false,
    },
  });
  // The first events activate one device.
  let count = 1;
  for (let device = 0; count < devices; device++) {
    count += 1;
    yield open(`device ${device}`, count);
  }
  let used = 0;
  for (let step = 0; ; step++) {
    const leaseId = named('lea', `lease ${step}`);
    yield {
      type: 'LeaseAcquired',
      data: {
        leaseId,
        scope: 'MACHINE',
        product: null,
        holderHash: hashed(`holder ${step % 500}`),
        userRef: null,
        ttlSeconds: 360,
        expiresAt: epoch,
        borrow: false,
        inUseAfter: 1,
        limit: 1_000,
        overage: false,
      },
    };
    yield open(`guest ${step}`, count + 1);
    used += 1;
    yield {
      type: 'UsageRecorded',
      data: {
        meter: 'calls',
        quantity: 1,
        usageId: `usage ${index}/${step}`,
        occurredAt: epoch,
        totalAfter: used,
        limit: 100_000_000,
        overage: false,
      },
    };
    const activationId = named('act', `guest ${step}`);
    yield { type: 'ActivationDeactivated', data: { activationId, cause: 'ADMIN', countAfter: count } };
    yield step % 2 === 0
      ? { type: 'LeaseReleased', data: { leaseId, cause: 'USER', inUseAfter: 0, seatFreeAt: null } }
      : { type: 'LeaseLapsed', data: { leaseId, lastSeenAt: epoch, inUseAfter: 0 } };
  }
}
