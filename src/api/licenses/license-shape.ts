import { z } from 'zod';
import { entitlementStates } from '../../domain/license/grants/effective-entitlements.ts';
import { isEnded } from '../../domain/license/grants/entitlement.ts';
import type { LicenseFacts, Scheduled } from '../../domain/license/license.ts';
import { tiers } from '../../domain/license/policy.ts';
import { returnedSeats } from '../../domain/license/seats/withheld-seats.ts';
import {
  effectiveStatus,
  effectiveStatuses,
  graceUntil,
  renewalAt,
  simpleStatus,
  statuses,
  suspensionAt,
  suspensionsAt,
} from '../../domain/license/status.ts';
import { suspensionReasons } from '../../domain/license/suspension/suspension-events.ts';
import { firstUses, renewalModes } from '../../domain/license/term/term-events.ts';
import { openOffer } from '../../domain/license/transfer/license-offer.ts';
import { resetsAt } from '../../domain/license/usage/term-counters.ts';
import type { Instant } from '../../domain/time.ts';
import { entityTag } from '../http/conditional.ts';
import { idOf, instantOut, productCode } from '../schemas.ts';
import { entitlementStateOut, limitsOut } from './grant-schemas.ts';
import { policyOf, policyOut } from './license-policy.ts';
import { useBody, useOut } from './license-use.ts';
import { licenseMeters, periodsOf } from './meter-schemas.ts';
import { grantsOf, overridesBody, overridesOut } from './overrides-shape.ts';

const announced = { eventId: idOf('evt', 'evt_01h455vb4pex5vsknk084sn02q'), effectiveAt: instantOut };

/** A scheduled change that has not taken effect yet. */
const scheduledShape = z.discriminatedUnion('kind', [
  z.strictObject({
    ...announced,
    kind: z.literal('SUSPENSION'),
    reasonCode: z.enum(suspensionReasons),
    until: instantOut.nullable(),
  }),
  z.strictObject({ ...announced, kind: z.literal('RENEWAL'), to: z.enum(renewalModes) }),
  z.strictObject({
    ...announced,
    kind: z.literal('TIER'),
    tier: z.enum(tiers),
    policy: z.strictObject({ id: z.string(), version: z.int() }),
  }),
]);

/** A license as the API shows it. */
export const licenseShape = z
  .strictObject({
    id: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q').meta({
      description: 'The id of the license, which never changes.',
    }),
    status: z.enum(statuses).meta({ description: 'The status of the license.' }),
    effectiveStatus: z
      .enum(effectiveStatuses)
      .meta({ description: 'The status including grace after the end and a start in the future.' }),
    tier: z.enum(tiers).meta({ description: 'The tier of the license.' }),
    products: z.array(productCode).meta({ description: 'The codes of the products that the license covers.' }),
    policy: policyOut,
    issuerOrganizationId: z.string().meta({ description: 'The organization that issued the license.' }),
    holderOrganizationId: z.string().nullable().meta({
      description: 'The organization that holds the license. Null when no organization of this server holds it.',
    }),
    pendingHolder: z
      .strictObject({ organizationId: z.string(), offeredAt: instantOut, expiresAt: instantOut })
      .nullable()
      .meta({
        description:
          'The organization that the license is offered to. It becomes the holder when it accepts. Null when no offer is open.',
      }),
    term: z
      .strictObject({
        number: z.int().meta({ description: 'The number of the term, from 1.' }),
        startsAt: instantOut
          .nullable()
          .meta({ description: 'The start of the term. Null while the term waits for the first use.' }),
        expiresAt: instantOut.nullable().meta({
          description: 'The end of the term. Null when the license is perpetual or its term has not started.',
        }),
        graceUntil: instantOut.nullable().meta({
          description: 'The end of the grace period. Null when there is no grace period or no end of the term.',
        }),
        awaits: z
          .strictObject({ trigger: z.enum(firstUses), duration: z.string() })
          .nullable()
          .meta({
            description: 'The use that the first term waits for, and its duration. Null after the term has started.',
          }),
        timeZone: z.string().meta({ description: 'The time zone in which durations are counted.' }),
        renewal: z.enum(renewalModes).meta({ description: 'The renewal at the end of the term.' }),
      })
      .meta({ description: 'The current term.' }),
    suspension: z
      .strictObject({ reasonCode: z.enum(suspensionReasons), since: instantOut, until: instantOut.nullable() })
      .nullable()
      .meta({ description: 'The suspension with its reason, start and end. Null when the license is not suspended.' }),
    suspensions: z
      .array(z.strictObject({ reasonCode: z.enum(suspensionReasons), since: instantOut, until: instantOut.nullable() }))
      .meta({
        description:
          'Every reason for which the license is suspended, the earliest first, each with its own start and end. Empty when the license is not suspended.',
      }),
    scheduled: z.array(scheduledShape).meta({ description: 'The scheduled changes that have not taken effect yet.' }),
    revokedAt: instantOut
      .nullable()
      .meta({ description: 'When the license was revoked. Null when it is not revoked.' }),
    limits: limitsOut.meta({ description: 'The usage limits.' }),
    usage: useOut,
    overrides: overridesOut.meta({
      description:
        'The differences from the policy: what the issuer gave in addition to it, and removed from it. A change of the policy keeps them.',
    }),
    entitlements: z
      .array(entitlementStateOut)
      .meta({ description: 'The entitlements, one for each code. One that is neither ended nor withheld is granted.' }),
    maintenanceUntil: instantOut
      .nullable()
      .meta({ description: 'The license covers releases before this instant for ever. Null means every release.' }),
    keyHint: z.string().nullable().meta({ example: '…SYQV9' }).meta({
      description:
        'The last characters of the key. Null when the license has no key, as with asOf for an instant before its import.',
    }),
    keyVersion: z.int().meta({
      description:
        'The number of keys that the license has had. 0 with asOf for an instant before its import, when it had no key of this server.',
    }),
    keyOverlaps: z
      .array(z.strictObject({ keyVersion: z.int(), until: instantOut }))
      .meta({ description: 'The earlier keys that still work, each with its end.' }),
    externalRef: z.string().nullable().meta({
      description: "The reference of the issuer's own system, such as a subscription. Null when there is none.",
    }),
    replaces: z
      .string()
      .nullable()
      .meta({ description: 'The license that this license replaces. Null when it replaces none.' }),
    replacedBy: z
      .string()
      .nullable()
      .meta({ description: 'The license that replaces this license. Null when none does.' }),
    imported: z.strictObject({ source: z.string(), sourceRef: z.string(), historyFrom: instantOut }).nullable().meta({
      description: 'The source of the import, and the start of its history. Null when the license was issued here.',
    }),
    recorded: z.boolean().meta({
      description:
        'False for an instant before the import of the license: the answer is what the import says was so, and not recorded here.',
    }),
    metadata: z
      .record(z.string(), z.unknown())
      .meta({ description: 'The metadata of the issuer. It is not part of events.' }),
    createdAt: instantOut.meta({ description: 'When the license was issued.' }),
    revision: z.int().meta({ description: 'The revision: the number of its last event, from 0.' }),
  })
  .meta({ id: 'License' });

/** `recorded` absent: true. */
type Shown = {
  readonly revision: bigint;
  readonly metadata: object;
  readonly at: Instant;
  readonly recorded?: boolean;
  /** True when the license shows a change that no event records yet. */
  readonly isDerived?: boolean;
};

/** Returns a license as the API shows it at the instant `at`. */
export const licenseBody = (
  facts: LicenseFacts,
  { revision, metadata, at, recorded = true }: Shown,
): z.output<typeof licenseShape> => {
  const effective = effectiveStatus(facts, at);
  return {
    id: facts.licenseId,
    status: simpleStatus(effective),
    effectiveStatus: effective,
    tier: facts.policy.tier,
    products: [...facts.products],
    policy: policyOf(facts),
    issuerOrganizationId: facts.issuerOrgId,
    holderOrganizationId: facts.holderOrgId,
    pendingHolder: pendingHolderOf(facts, at),
    term: termOf(facts, at),
    suspension: suspensionAt(facts, at),
    suspensions: [...suspensionsAt(facts, at)],
    scheduled: pendingOf(facts, at).map(scheduledBody),
    revokedAt: facts.revokedAt,
    limits: { ...facts.limits, meters: licenseMeters(facts) },
    usage: useBody(facts, at),
    overrides: overridesBody({ ...facts.overrides, entitlements: grantsOf(facts) }),
    entitlements: entitlementStates(facts, at).map(({ sources, ...state }) => ({ ...state, sources: [...sources] })),
    maintenanceUntil: facts.maintenanceUntil,
    keyHint: facts.keyHint === null ? null : `…${facts.keyHint}`,
    keyVersion: facts.keyVersion,
    keyOverlaps: overlapsOf(facts, at),
    externalRef: facts.externalRef,
    replaces: facts.replaces,
    replacedBy: facts.replacedBy,
    imported: facts.imported === null ? null : { ...facts.imported },
    recorded,
    metadata: { ...metadata },
    createdAt: facts.createdAt,
    revision: Number(revision),
  };
};

/** Returns the ETag of a license. It changes with each event, with metadata, and when time changes the answer. */
export const licenseTag = (facts: LicenseFacts, state: Shown): string => {
  const { revision, metadata, at, recorded = true, isDerived = false } = state;
  const effective = effectiveStatus(facts, at);
  const suspension = suspensionAt(facts, at);
  const suspensions = suspensionsAt(facts, at);
  const renewal = renewalAt(facts, at);
  const offer = pendingHolderOf(facts, at);
  const ended = facts.entitlements.filter((entitlement) => isEnded(entitlement, at)).length;
  const returned = returnedSeats(facts.withheldSeats, at);
  const periods = periodsOf(facts, at);
  const isPlain =
    recorded &&
    ended === 0 &&
    !isDerived &&
    effective === 'ACTIVE' &&
    suspension === null &&
    renewal === 'manual' &&
    offer === null &&
    periods === undefined &&
    facts.scheduled.length + facts.keyOverlaps.length + facts.nextTerms.length + Object.keys(metadata).length === 0 &&
    returned === 0;
  if (isPlain) return entityTag(revision);
  const pending = pendingOf(facts, at).map(({ eventId }) => eventId);
  const tagged = { effective, suspension, suspensions, renewal, pending, overlaps: overlapsOf(facts, at), metadata };
  const derived = isDerived ? { term: facts.term.number, policy: facts.policy.policyId } : {};
  const counted = facts.nextTerms.length === 0 ? {} : { resetsAt: resetsAt(facts, at) };
  return entityTag(revision, {
    ...tagged,
    ...counted,
    ...derived,
    ...(offer === null ? {} : { offer }),
    ...(ended === 0 ? {} : { ended }),
    ...(returned === 0 ? {} : { returned }),
    ...(periods === undefined ? {} : { periods }),
    ...(recorded ? {} : { recorded }),
  });
};

const pendingHolderOf = (facts: LicenseFacts, at: Instant) => {
  const offer = openOffer(facts, at);
  if (offer === null) return null;
  const { toHolderOrgId: organizationId, offeredAt, expiresAt } = offer;
  return { organizationId, offeredAt, expiresAt };
};

const termOf = (facts: LicenseFacts, at: Instant) => ({
  ...facts.term,
  graceUntil: graceUntil(facts),
  awaits: facts.awaited === null ? null : { ...facts.awaited },
  timeZone: facts.timeZone,
  renewal: renewalAt(facts, at),
});

// A change that has taken effect shows in the license itself. A tier change does so only after it was carried out.
const pendingOf = ({ scheduled }: LicenseFacts, at: Instant): readonly Scheduled[] =>
  scheduled.filter(({ effectiveAt, change }) => effectiveAt > at || change.kind === 'TIER');

const scheduledBody = ({ eventId, effectiveAt, change }: Scheduled): z.output<typeof scheduledShape> => {
  if (change.kind !== 'TIER') return { eventId, effectiveAt, ...change };
  const { policyId: id, version, tier } = change.target.policy;
  return { eventId, effectiveAt, kind: 'TIER', tier, policy: { id, version } };
};

const overlapsOf = ({ keyOverlaps }: LicenseFacts, at: Instant) =>
  keyOverlaps.filter(({ until }) => until > at).map((overlap) => ({ ...overlap }));
