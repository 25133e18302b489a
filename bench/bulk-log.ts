import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { builtInPolicyId } from '../src/aggregates/built-in-policy-ids.ts';
import { isRejection } from '../src/domain/decider.ts';
import { encodeId } from '../src/domain/ids.ts';
import type { LicenseCommand } from '../src/domain/license/commands.ts';
import { licenseDecider } from '../src/domain/license/decider.ts';
import { builtInPolicy } from '../src/domain/license/issue/built-in-policies.ts';
import { genesisHash, linkToChain } from '../src/eventstore/chain/chain.ts';
import type { JsonObject, Proposed } from '../src/eventstore/event-store.ts';
import { uuidv5 } from '../src/eventstore/uuid-v5.ts';
import { eventId, ledgerNamespace } from '../src/eventstore/uuids.ts';
import { fingerprintHashes } from '../src/identity/fingerprint.ts';
import { formatLicenseKey, hashLicenseKey, licenseKeyHint } from '../src/identity/license-key.ts';
import type { Secrets } from '../src/identity/secrets.ts';

export type Vendor = { readonly organizationId: string; readonly secrets: Secrets };

/** The fingerprint of the device of each license of a bulk log. */
export const bulkFingerprint = 'bench-device';

/** Returns the key of license number `index`. */
export const bulkLicenseKey = (index: number): string => formatLicenseKey('LL', bodyOf(index));

/** The number of events that `licenseEvents` returns for a license. */
export const eventsPerLicense = 3;

/**
 * Returns the events of license number `index`: issued with its key and activated on a device, and sealed like real
 * ones.
 */
export const licenseEvents = ({ organizationId, secrets }: Vendor, index: number, at: string) => {
  const uuid = uuidv5(ledgerNamespace, `bench:${organizationId}:${index}`);
  const licenseId = encodeId('lic', uuid);
  const { hash, secretId } = hashLicenseKey(secrets, bodyOf(index));
  const commands: readonly LicenseCommand[] = [
    {
      type: 'IssueLicense',
      at,
      data: {
        licenseId,
        issuerOrgId: organizationId,
        holderOrgId: null,
        externalRef: `sub_${index}`,
        policy: builtInPolicy('PRO', builtInPolicyId(organizationId, 'PRO')),
        products: ['local_cli', 'cloud_ide'],
        term: { kind: 'duration', duration: 'P1Y', startsAt: null },
        limits: { activations: 1_000_000, seats: 0, users: 0, meters: {} },
        entitlements: [],
        key: { keyHash: hash.toString('hex'), secretId, hint: licenseKeyHint(bodyOf(index)) },
      },
    },
    {
      type: 'Activate',
      at,
      data: {
        activationId: encodeId('act', uuidv5(uuid, 'device')),
        fingerprintHash: fingerprintHashes(secrets, organizationId, bulkFingerprint)[0] ?? '',
        product: 'local_cli',
        nameRef: null,
        platform: 'linux',
        appVersion: '2.1.0',
      },
    },
  ];
  const stream = `license-${licenseId}`;
  const proposed = decided(commands).map(({ type, data, commandNumber, index }): Proposed => {
    const commandId = uuidv5(uuid, `command ${commandNumber}`);
    return {
      id: eventId(commandId, '00', index),
      type,
      data,
      metadata: {
        schemaVersion: 1,
        issuerOrgId: organizationId,
        holderOrgId: null,
        effectiveAt: at,
        recordedAt: at,
        actor: { type: 'SYSTEM', id: 'bench', onBehalfOf: null },
        reason: null,
        commandId,
        requestHash: genesisHash,
        $correlationId: commandId,
        $causationId: null,
      },
    };
  });
  return { stream, events: linkToChain(proposed, { stream, nextRevision: 0n, hash: genesisHash }) };
};

/**
 * Writes licenses 0 to `count` directly into the event store's table, because its appends are slower. Restart the event
 * store before a read. Returns the position of the last event.
 */
export const writeBulkLog = async (db: Client, vendor: Vendor, count: number): Promise<bigint> => {
  const { rows } = await db.query<{ end: string }>('select coalesce(max(position), 0) as end from eventstore.events');
  let position = BigInt(rows[0]?.end ?? 0);
  for (let first = 0; first < count; first += licensesPerStatement) {
    const at = new Date().toISOString();
    const events: object[] = [];
    for (let index = first; index < Math.min(count, first + licensesPerStatement); index++) {
      const license = licenseEvents(vendor, index, at);
      for (const [revision, { id, type, data, metadata }] of license.events.entries()) {
        position += 2_000n;
        const texts = { data: JSON.stringify(data), metadata: JSON.stringify(metadata) };
        events.push({ position: `${position}`, stream: license.stream, revision, event_id: id, type, ...texts });
      }
    }
    await insertEvents(db, events, at);
  }
  return position;
};

/** Inserts rows of events into the event store's table. Their positions and revisions must continue the table. */
export const insertEvents = async (db: Client, events: readonly object[], at: string): Promise<void> => {
  await db.query({
    name: 'bulk',
    text: `insert into eventstore.events (position, stream, revision, event_id, type, is_json, data, metadata, created_ticks)
      select position, stream, revision, event_id, type, true, convert_to(data, 'UTF8'), convert_to(metadata, 'UTF8'), $2::bigint
      from json_to_recordset($1::json)
        as r (position bigint, stream text, revision bigint, event_id uuid, type text, data text, metadata text)`,
    values: [JSON.stringify(events), `${Date.parse(at)}0000`],
  });
};

const licensesPerStatement = 1_000;
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

const bodyOf = (index: number): string => {
  const bytes = createHash('sha256').update(`bench key ${index}`).digest().subarray(0, 26);
  return Array.from(bytes, (byte) => alphabet.charAt(byte & 31)).join('');
};

type DecidedEvent = {
  readonly type: string;
  readonly data: JsonObject;
  readonly commandNumber: number;
  /** The place among the events of its command. */
  readonly index: number;
};

// No command here announces a change.
const noEventIds = () => '';

const decided = (commands: readonly LicenseCommand[]): DecidedEvent[] => {
  let license = licenseDecider.initial();
  return commands.flatMap((command, commandNumber) => {
    const decision = licenseDecider.decide(command, license, noEventIds);
    if (isRejection(decision)) throw new Error(decision.detail);
    for (const event of decision)
      license = licenseDecider.evolve(license, event, { recordedAt: command.at, effectiveAt: command.at });
    return decision.map(({ type, data }, index) => ({ type, data, commandNumber, index }));
  });
};
