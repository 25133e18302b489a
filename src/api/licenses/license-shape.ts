import { z } from 'zod';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { effectiveStatus, renewalAt, simpleStatus, suspensionAt } from '../../domain/license/status.ts';
import type { Instant } from '../../domain/time.ts';
import { entityTag } from '../conditional.ts';
import { idOf, instantOut, productCode, statuses, suspensionReasons, tiers } from '../schemas.ts';
import { entitlementOut, limitsOut } from './grant-schemas.ts';

/** A license as the API shows it. */
export const licenseShape = z
  .strictObject({
    id: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q'),
    status: z.enum(statuses),
    effectiveStatus: z.enum([...statuses, 'IN_GRACE', 'NOT_YET_VALID']),
    tier: z.enum(tiers),
    products: z.array(productCode),
    policy: z.strictObject({ id: z.string(), version: z.int() }),
    issuerOrganizationId: z.string(),
    holderOrganizationId: z.string().nullable(),
    term: z.strictObject({
      number: z.int(),
      startsAt: instantOut.nullable(),
      expiresAt: instantOut.nullable(),
      renewal: z.enum(['auto', 'manual', 'cancelAtPeriodEnd']),
    }),
    suspension: z
      .strictObject({ reasonCode: z.enum(suspensionReasons), since: instantOut, until: instantOut.nullable() })
      .nullable(),
    revokedAt: instantOut.nullable(),
    limits: limitsOut,
    usage: z.strictObject({ activations: z.int() }),
    entitlements: z.array(entitlementOut),
    maintenanceUntil: instantOut.nullable(),
    keyHint: z.string().nullable().meta({ example: '…SYQV9' }),
    externalRef: z.string().nullable(),
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
    policy: { id: facts.policy.policyId, version: facts.policy.version },
    issuerOrganizationId: facts.issuerOrgId,
    holderOrganizationId: facts.holderOrgId,
    term: { ...facts.term, renewal: renewalAt(facts, at) },
    suspension: suspensionAt(facts, at),
    revokedAt: facts.revokedAt,
    limits: { ...facts.limits },
    usage: { activations: facts.usage.activations },
    entitlements: facts.entitlements.map((entitlement) => ({ ...entitlement })),
    maintenanceUntil: facts.maintenanceUntil,
    keyHint: facts.keyHint === null ? null : `…${facts.keyHint}`,
    externalRef: facts.externalRef,
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
    effective === 'ACTIVE' && suspension === null && renewal === 'manual' && Object.keys(metadata).length === 0;
  return entityTag(revision, isPlain ? null : { effective, suspension, renewal, metadata });
};
