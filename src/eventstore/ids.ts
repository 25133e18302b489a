import { createHash, randomBytes } from 'node:crypto';
import { v5 } from 'uuid';
import { uuidv7 } from 'uuidv7';
import { decodeId, encodeId } from '../domain/ids.ts';
import type { Due } from '../domain/license/due-command.ts';
import { leftOf } from '../domain/license/endings/ending-counts.ts';
import type { LicenseFacts } from '../domain/license/license.ts';
import type { Tier } from '../domain/license/policy.ts';
import type { LastSeen } from '../domain/license/seats/seat-commands.ts';
import type { NeededReservation } from '../domain/reservation/trial.ts';

/** The namespace of every derived id. It is part of the stored format: changing it would break every retry in flight. */
export const ledgerNamespace = '5f0c1f0e-7f0b-4f0e-9a55-3c1d3c0e9b21';

/**
 * The command id of a request with an Idempotency-Key: the same four fields give the same id on any machine on any day.
 * Throws when a field holds a NUL character, because two different requests could then share an id.
 */
export const commandIdFor = (
  organization: string,
  principal: string,
  operation: string,
  idempotencyKey: string,
): string => {
  return uuidv5(ledgerNamespace, joined([organization, principal, operation, idempotencyKey]));
};

/** The command id of a request without an Idempotency-Key: new each time, ordered by time (UUIDv7). */
export const newCommandId = (): string => uuidv7();

/** The UUID of the aggregate that a command creates, so that a repeated create meets its own stream. */
export const aggregateId = (commandId: string, kind: string): string => uuidv5(commandId, kind);

/**
 * The UUID of what a request adds to an aggregate that there is already, or refers to. Another request has another one, also
 * under the same command id: an Idempotency-Key may come again once its first request is forgotten.
 */
export const partId = (
  { commandId, requestHash }: { readonly commandId: string; readonly requestHash: string },
  kind: string,
): string => uuidv5(commandId, `${kind}:${requestHash}`);

/** Returns a nonce for one decision: 128 random bits, hex. */
export const newNonce = (): string => randomBytes(16).toString('hex');

/**
 * Returns the id of the event at `index` of one decision on a command. A store takes an append with equal ids at the
 * same revision for a repetition; the nonce makes sure that it then is one, with the same content.
 */
export const eventId = (commandId: string, nonce: string, index: number): string =>
  uuidv5(commandId, `${nonce}\0${index}`);

/**
 * Returns true when the same command id can come again: it follows from an Idempotency-Key or a name (UUIDv5). The id
 * of a request without a key never does.
 */
export const canComeAgain = (commandId: string): boolean => commandId.charAt(14) === '5';

/** The command id under which any number of workers carry out once what `systemCommandName` names. */
export const systemCommandId = (name: string): string => uuidv5(ledgerNamespace, name);

/** What there is to be carried out once: the command, the license, and what tells it from others of the license. */
export const systemCommandName = (facts: LicenseFacts, due: Due): string => {
  const { licenseId, term } = facts;
  switch (due.type) {
    case 'Expire':
      return `expire:${licenseId}:${due.data.termNumber}${announcedAgain(facts)}`;
    case 'EndGrace':
      return `end-grace:${licenseId}:${due.data.termNumber}${announcedAgain(facts)}`;
    case 'EndTrial':
      return `end-trial:${licenseId}:${due.data.termNumber}`;
    case 'Remind':
      return `remind:${licenseId}:${due.data.termNumber}:${term.expiresAt}:${due.data.offset}`;
    case 'CarryOutScheduled':
      return `carry-out:${licenseId}:${due.data.eventId}`;
    case 'RetireKey':
      return `retire-key:${licenseId}:${due.data.keyVersion}`;
    case 'AnnounceEnded':
      return `announce-ended:${licenseId}:${nextBatch(facts)}`;
  }
};

// A term has one expiry to announce, unless its end was moved after that: then each of them has a name of its own.
const announcedAgain = ({ term, overtakenExpiries }: LicenseFacts): string =>
  overtakenExpiries.length === 0 ? '' : `:${term.expiresAt}`;

// What is left of an ending grows less with each batch. Endings of one cause and instant are told apart by their
// number.
const nextBatch = ({ endings: [oldest, ...later] }: LicenseFacts): string => {
  if (oldest === undefined) return 'nothing';
  const { cause, effectiveAt } = oldest;
  const alike = later.filter((each) => each.cause === cause && each.effectiveAt === effectiveAt).length;
  return `${cause}:${effectiveAt}:${alike}:${leftOf(oldest)}`;
};

/** As `systemCommandName`: the end of a lease that was last heard of, or acquired, at `lastSeenAt`. */
export const lapseCommandName = ({
  licenseId,
  leaseId,
  lastSeenAt,
}: LastSeen & { readonly licenseId: string }): string => `lapse:${licenseId}:${leaseId}:${lastSeenAt}`;

/** As `systemCommandName`: the start of the term that waits for the first validation, which many may send at once. */
export const startTermCommandName = ({ licenseId, term }: LicenseFacts): string =>
  `start-term:${licenseId}:${term.number + 1}`;

/** The license that one is imported as: the same each time, so that none is imported twice. Throws when a field holds a NUL. */
export const importedLicenseId = (issuerOrgId: string, source: string, sourceRef: string): string =>
  encodeId('lic', uuidv5(ledgerNamespace, joined(['import', issuerOrgId, source, sourceRef])));

/** The policy that an issuer has of each tier, whether or not its catalog was opened. Throws for what is no organization. */
export const builtInPolicyId = (issuerOrgId: string, tier: Tier): string =>
  encodeId('pol', uuidv5(decodeId('org', issuerOrgId) ?? '', tier));

/** The policies that an issuer has of all tiers. Throws for what is no organization. */
export const builtInPolicyIds = (issuerOrgId: string): Readonly<Record<Tier, string>> => ({
  FREE: builtInPolicyId(issuerOrgId, 'FREE'),
  TRIAL: builtInPolicyId(issuerOrgId, 'TRIAL'),
  PRO: builtInPolicyId(issuerOrgId, 'PRO'),
  ENTERPRISE: builtInPolicyId(issuerOrgId, 'ENTERPRISE'),
});

/**
 * What names the stream of a reservation: its kind, and SHA-256 of the fields that are to be unique together, hex. None of
 * them is a secret or personal: ids, codes, HMACs. Throws when a field holds a NUL character.
 */
export const reservationId = ({ kind, fields }: NeededReservation): string =>
  `${kind}-${createHash('sha256').update(joined(fields)).digest('hex')}`;

/** A name-based UUID (RFC 9562 §5.5, SHA-1), lower case. Throws when `namespace` is not a UUID. */
export const uuidv5 = (namespace: string, name: string): string => {
  if (!uuid.test(namespace))
    throw new Error(`A UUID was expected as the namespace of a derived id, got "${namespace}".`);
  // As bytes: as text the package takes UUIDs of known versions only, and no name with half a surrogate pair.
  return v5(Buffer.from(name, 'utf8'), Buffer.from(namespace.replaceAll('-', ''), 'hex'));
};

// Without the check two different lists of fields could come to the same text.
const joined = (fields: readonly string[]): string => {
  if (fields.some((field) => field.includes('\0')))
    throw new Error('An id cannot be made from a field that holds a NUL character.');
  return fields.join('\0');
};

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
