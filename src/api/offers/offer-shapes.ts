import { z } from 'zod';
import { tiers } from '../../domain/license/policy.ts';
import { transferredActivations, transferredExpiries } from '../../domain/license/transfer/transfer-events.ts';
import { issuerDecisions } from '../../domain/organization/organization.ts';
import type { IssuerDecisionView } from '../../projections/tables/issuer-decisions.ts';
import type { LicenseOfferView } from '../../projections/tables/license-offers.ts';
import { idOf, instantOut, productCode } from '../schemas.ts';

export const issuerId = idOf('org', 'org_01h455vb4pex5vsknk084sn02q');

const issuerOf = (description: string) =>
  z.strictObject({ organizationId: z.string(), name: z.string().nullable().meta({ description }) });

/** An offer as its receiver sees it. */
export const offerShape = z
  .strictObject({
    licenseId: z.string().meta({ description: 'The offered license. Accept or decline the offer by it.' }),
    issuer: issuerOf('The name of the organization that offers the license.'),
    tier: z.enum(tiers),
    products: z.array(productCode),
    policy: z.strictObject({ id: z.string(), version: z.int() }),
    offeredAt: instantOut,
    expiresAt: instantOut.meta({ description: 'From this instant on the offer cannot be accepted.' }),
    expiry: z.enum(transferredExpiries).meta({
      description: 'KEEP: the term goes on when you accept. RESET: it begins anew then.',
    }),
    activations: z.enum(transferredActivations).meta({
      description: 'KEEP: devices, seats and users of the previous holder stay when you accept. RELEASE: they end.',
    }),
  })
  .meta({ id: 'LicenseOffer' });

/** Returns an offer as the API shows it. */
export const offerBody = (offer: LicenseOfferView): object => ({
  licenseId: offer.licenseId,
  issuer: { organizationId: offer.issuerOrgId, name: offer.issuerName },
  tier: offer.tier,
  products: [...offer.products],
  policy: { id: offer.policyId, version: offer.policyVersion },
  offeredAt: offer.offeredAt,
  expiresAt: offer.expiresAt,
  expiry: offer.expiry,
  activations: offer.activations,
});

/** A decision about an issuer as the API shows it. */
export const issuerShape = z
  .strictObject({
    organizationId: z.string(),
    name: z.string().nullable().meta({
      description: 'The name of the issuer. Null when it has offered no license to your organization, or is closed.',
    }),
    decision: z.enum(issuerDecisions).nullable().meta({
      description:
        'TRUSTED: its licenses get your organization as holder. BLOCKED: you see no offers of it. Null when there is no decision.',
    }),
    decidedAt: instantOut.nullable(),
  })
  .meta({ id: 'Issuer' });

type ShownDecision = Pick<IssuerDecisionView, 'decidedOrgId' | 'name'> & {
  readonly decision: IssuerDecisionView['decision'];
  readonly decidedAt: string | null;
};

/** Returns a decision about an issuer as the API shows it. */
export const issuerBody = ({ decidedOrgId, name, decision, decidedAt }: ShownDecision): object => ({
  organizationId: decidedOrgId,
  name,
  decision,
  decidedAt,
});
