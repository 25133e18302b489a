import { z } from 'zod';
import type { LicenseFacts, Scheduled } from '../../domain/license/license.ts';
import { expiryStrategies, limitStrategies, policyTypes, tiers } from '../../domain/license/policy.ts';
import {
  effectiveStatus,
  effectiveStatuses,
  graceUntil,
  renewalAt,
  simpleStatus,
  statuses,
  suspensionAt,
} from '../../domain/license/status.ts';
import { suspensionReasons } from '../../domain/license/suspension/suspension-events.ts';
import { firstUses, renewalModes } from '../../domain/license/term/term-events.ts';
import type { Instant } from '../../domain/time.ts';
import { ruleTexts } from '../catalog/policy-texts.ts';
import { entityTag } from '../conditional.ts';
import { idOf, instantOut, productCode } from '../schemas.ts';
import { entitlementOut, limitsOut } from './grant-schemas.ts';

/** What may be said to happen at the end of a term. */

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
    id: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q').meta({ description: 'Its id, which never changes.' }),
    status: z.enum(statuses).meta({ description: 'What the license is, in short.' }),
    effectiveStatus: z
      .enum(effectiveStatuses)
      .meta({ description: 'The same, with what the clock makes of it: in grace after its end, or not begun yet.' }),
    tier: z.enum(tiers).meta({ description: 'What it was sold as.' }),
    products: z.array(productCode).meta({ description: 'The codes of the products that it covers.' }),
    policy: z
      .strictObject({
        id: z.string().meta({ description: 'The policy.' }),
        version: z.int().meta({ description: 'Which version of it.' }),
        type: z.enum(policyTypes).meta({ description: ruleTexts.type }),
        expiryStrategy: z.enum(expiryStrategies).meta({ description: ruleTexts.expiryStrategy }),
        expiryGraceSeconds: z.int().meta({ description: ruleTexts.expiryGraceSeconds }),
        validationTtlSeconds: z.int().meta({ description: ruleTexts.validationTtlSeconds }),
        offlineGraceSeconds: z.int().meta({ description: ruleTexts.offlineGraceSeconds }),
        limitStrategy: z.enum(limitStrategies).meta({ description: ruleTexts.limitStrategy }),
        transferable: z.boolean().meta({ description: ruleTexts.transferable }),
      })
      .meta({
        description:
          'The version of the policy that its rules were taken from, and the rules that matter to its holder.',
      }),
    issuerOrganizationId: z.string().meta({ description: 'The organization that has issued it.' }),
    holderOrganizationId: z
      .string()
      .nullable()
      .meta({ description: 'The organization that holds it; null: none of those here.' }),
    term: z
      .strictObject({
        number: z.int().meta({ description: 'Which of its terms this is, from 1.' }),
        startsAt: instantOut
          .nullable()
          .meta({ description: 'From when it is good; null: it waits for its first use.' }),
        expiresAt: instantOut
          .nullable()
          .meta({ description: 'Until when it is good; null: for ever, or not known yet.' }),
        graceUntil: instantOut
          .nullable()
          .meta({ description: 'Until when it goes on in grace; null: it gets none, or has no end.' }),
        awaits: z
          .strictObject({ trigger: z.enum(firstUses), duration: z.string() })
          .nullable()
          .meta({ description: 'What the first term waits for, and how long it is then; null once it has begun.' }),
        timeZone: z.string().meta({ description: 'In whose calendar durations are counted.' }),
        renewal: z.enum(renewalModes).meta({ description: 'What is said to happen at the end.' }),
      })
      .meta({ description: 'From when to when it is good.' }),
    suspension: z
      .strictObject({ reasonCode: z.enum(suspensionReasons), since: instantOut, until: instantOut.nullable() })
      .nullable()
      .meta({ description: 'Why, since when and until when it is suspended; null: it is not.' }),
    scheduled: z.array(scheduledShape).meta({ description: 'Changes that were announced and have not come.' }),
    revokedAt: instantOut.nullable().meta({ description: 'When it was revoked, for good; null: it was not.' }),
    limits: limitsOut.meta({ description: 'How much may be in use.' }),
    usage: limitsOut.meta({ description: 'How much is in use.' }),
    entitlements: z
      .array(entitlementOut)
      .meta({ description: 'What it permits beside its products, with where each comes from.' }),
    maintenanceUntil: instantOut
      .nullable()
      .meta({ description: 'Releases before this instant are covered for ever; null: no such bound.' }),
    keyHint: z
      .string()
      .nullable()
      .meta({ example: '…SYQV9' })
      .meta({ description: 'The end of its key; null: it has none.' }),
    keyVersion: z.int().meta({ description: 'How often it was given a key.' }),
    keyOverlaps: z
      .array(z.strictObject({ keyVersion: z.int(), until: instantOut }))
      .meta({ description: 'Earlier keys that still work, and until when.' }),
    externalRef: z
      .string()
      .nullable()
      .meta({ description: 'What the issuer calls it elsewhere, such as a subscription; null: nothing.' }),
    replaces: z.string().nullable().meta({ description: 'The license that it was issued in place of; null: none.' }),
    replacedBy: z.string().nullable().meta({ description: 'The license that was issued in its place; null: none.' }),
    imported: z.strictObject({ source: z.string(), sourceRef: z.string(), historyFrom: instantOut }).nullable().meta({
      description: 'Where it was imported from, and since when its history is known; null: it was issued here.',
    }),
    metadata: z.record(z.string(), z.unknown()).meta({ description: 'What the issuer has noted on it; in no event.' }),
    createdAt: instantOut.meta({ description: 'When it was issued.' }),
    revision: z.int().meta({ description: 'The number of its last event, from 0.' }),
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
