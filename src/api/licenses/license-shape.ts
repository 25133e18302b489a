import { z } from 'zod';
import type { LicenseFacts, Scheduled } from '../../domain/license/license.ts';
import { effectiveStatus, graceUntil, renewalAt, simpleStatus, suspensionAt } from '../../domain/license/status.ts';
import type { Instant } from '../../domain/time.ts';
import { entityTag } from '../conditional.ts';
import { idOf, instantOut, productCode, statuses, suspensionReasons, tiers } from '../schemas.ts';
import { entitlementOut, limitStrategies, limitsOut } from './grant-schemas.ts';

/** What may be said to happen at the end of a term. */
export const renewalModes = ['auto', 'manual', 'cancelAtPeriodEnd'] as const;

const announced = { eventId: idOf('evt', 'evt_01h455vb4pex5vsknk084sn02q'), effectiveAt: instantOut };

/** A change that was announced and has not come. */
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
    id: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q'),
    status: z.enum(statuses),
    effectiveStatus: z.enum([...statuses, 'IN_GRACE', 'NOT_YET_VALID']),
    tier: z.enum(tiers),
    products: z.array(productCode),
    policy: z.strictObject({
      id: z.string(),
      version: z.int(),
      type: z.enum(['SUBSCRIPTION', 'TRIAL', 'PERPETUAL']),
      expiryStrategy: z.enum(['RESTRICT', 'MAINTAIN', 'ALLOW']),
      expiryGraceSeconds: z.int(),
      validationTtlSeconds: z.int(),
      offlineGraceSeconds: z.int(),
      limitStrategy: z.enum(limitStrategies),
      transferable: z.boolean(),
    }),
    issuerOrganizationId: z.string(),
    holderOrganizationId: z.string().nullable(),
    term: z.strictObject({
      number: z.int(),
      startsAt: instantOut.nullable(),
      expiresAt: instantOut.nullable(),
      graceUntil: instantOut.nullable(),
      // What the first term waits for; null once it has begun.
      awaits: z
        .strictObject({ trigger: z.enum(['FIRST_ACTIVATION', 'FIRST_VALIDATION']), duration: z.string() })
        .nullable(),
      timeZone: z.string(),
      renewal: z.enum(renewalModes),
    }),
    suspension: z
      .strictObject({ reasonCode: z.enum(suspensionReasons), since: instantOut, until: instantOut.nullable() })
      .nullable(),
    scheduled: z.array(scheduledShape),
    revokedAt: instantOut.nullable(),
    limits: limitsOut,
    usage: limitsOut,
    entitlements: z.array(entitlementOut),
    maintenanceUntil: instantOut.nullable(),
    keyHint: z.string().nullable().meta({ example: '…SYQV9' }),
    keyVersion: z.int(),
    keyOverlaps: z.array(z.strictObject({ keyVersion: z.int(), until: instantOut })),
    externalRef: z.string().nullable(),
    replaces: z.string().nullable(),
    replacedBy: z.string().nullable(),
    imported: z.strictObject({ source: z.string(), sourceRef: z.string(), historyFrom: instantOut }).nullable(),
    metadata: z.record(z.string(), z.unknown()),
    createdAt: instantOut,
    revision: z.int(),
  })
  .meta({ id: 'License' });

type Shown = { readonly revision: bigint; readonly metadata: object; readonly at: Instant };

/** A license as the API shows it, as it is at `at`. */
export const licenseBody = (facts: LicenseFacts, { revision, metadata, at }: Shown): z.output<typeof licenseShape> => {
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
    term: termOf(facts, at),
    suspension: suspensionAt(facts, at),
    scheduled: pendingOf(facts, at).map(scheduledBody),
    revokedAt: facts.revokedAt,
    limits: { ...facts.limits },
    usage: { ...facts.usage },
    entitlements: facts.entitlements.map((entitlement) => ({ ...entitlement })),
    maintenanceUntil: facts.maintenanceUntil,
    keyHint: facts.keyHint === null ? null : `…${facts.keyHint}`,
    keyVersion: facts.keyVersion,
    keyOverlaps: overlapsOf(facts, at),
    externalRef: facts.externalRef,
    replaces: facts.replaces,
    replacedBy: facts.replacedBy,
    imported: facts.imported === null ? null : { ...facts.imported },
    metadata: { ...metadata },
    createdAt: facts.createdAt,
    revision: Number(revision),
  };
};

/** The ETag of a license: it changes with each event, with the clock where that changes what is shown, and with metadata. */
export const licenseTag = (facts: LicenseFacts, { revision, metadata, at }: Shown): string => {
  const effective = effectiveStatus(facts, at);
  const suspension = suspensionAt(facts, at);
  const renewal = renewalAt(facts, at);
  const isPlain =
    effective === 'ACTIVE' &&
    suspension === null &&
    renewal === 'manual' &&
    facts.scheduled.length + facts.keyOverlaps.length + Object.keys(metadata).length === 0;
  if (isPlain) return entityTag(revision);
  const pending = pendingOf(facts, at).map(({ eventId }) => eventId);
  return entityTag(revision, { effective, suspension, renewal, pending, overlaps: overlapsOf(facts, at), metadata });
};

const policyOf = ({ policy }: LicenseFacts) => {
  const { policyId: id, version, type, expiryStrategy, expiryGraceSeconds, validationTtlSeconds } = policy;
  const { offlineGraceSeconds, limitStrategy, transferable } = policy;
  return {
    ...{ id, version, type, expiryStrategy, expiryGraceSeconds, validationTtlSeconds, offlineGraceSeconds },
    ...{ limitStrategy, transferable },
  };
};

const termOf = (facts: LicenseFacts, at: Instant) => ({
  ...facts.term,
  graceUntil: graceUntil(facts),
  awaits: facts.awaited === null ? null : { ...facts.awaited },
  timeZone: facts.timeZone,
  renewal: renewalAt(facts, at),
});

// What has come shows in what the license is; but a tier change only once it was carried out.
const pendingOf = ({ scheduled }: LicenseFacts, at: Instant): readonly Scheduled[] =>
  scheduled.filter(({ effectiveAt, change }) => effectiveAt > at || change.kind === 'TIER');

const scheduledBody = ({ eventId, effectiveAt, change }: Scheduled): z.output<typeof scheduledShape> => {
  if (change.kind !== 'TIER') return { eventId, effectiveAt, ...change };
  const { policyId: id, version, tier } = change.target.policy;
  return { eventId, effectiveAt, kind: 'TIER', tier, policy: { id, version } };
};

const overlapsOf = ({ keyOverlaps }: LicenseFacts, at: Instant) =>
  keyOverlaps.filter(({ until }) => until > at).map((overlap) => ({ ...overlap }));
