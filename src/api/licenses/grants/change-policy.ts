import { z } from 'zod';
import { overridesRules } from '../../../application/catalog/find-offer.ts';
import type { ChangedLicense } from '../../../application/licenses/change-license.ts';
import { changePolicy } from '../../../application/licenses/change-policy.ts';
import { changeTier } from '../../../application/licenses/change-tier.ts';
import { convertTrial } from '../../../application/licenses/convert-trial.ts';
import type { PaidTerm } from '../../../domain/license/license.ts';
import type { ConversionTerm } from '../../../domain/license/tiers/tier-commands.ts';
import type { ProblemCode } from '../../problems/problems.ts';
import { type Route, route } from '../../route.ts';
import { duration, instantIn, licensePath, reasonCode, reasonOf } from '../../schemas.ts';
import { answerChange, commandAnswer, described, type LicenseCommandNeeds } from '../change-answer.ts';
import { namesOnePolicy, offerIn, policyIn, versionIsOfPolicy } from '../issue/offer-schemas.ts';
import { droppedIn, droppedShape, previewQuery, previewShape } from '../preview-shape.ts';
import { billingRef, paidTermIn, paidTermShape } from '../term/paid-term.ts';

const moveRules = {
  overrides: z
    .enum(overridesRules)
    .meta({
      description:
        'KEEP, the default: limits, products and entitlements that the license has in addition to its policy stay. RESET: the license loses them, and dropped names them.',
    })
    .optional(),
  confirm: z
    .boolean()
    .meta({
      description:
        'Whether the license may lose products or paid time. Without it such a change gets 409 CONFIRMATION_REQUIRED, which names the products, devices and seats that would go, and the earlier end.',
    })
    .optional(),
};

const termIn = z
  .strictObject({
    duration: duration.optional(),
    expiresAt: instantIn.optional(),
    perpetual: z.literal(true).optional(),
  })
  .refine(
    (term) => Object.values(term).filter((value) => value !== undefined).length === 1,
    'must have exactly one of duration, expiresAt and perpetual',
  );

/** The term that an immediate change starts, and its payment. */
const paidIn = {
  effectiveAt: instantIn.optional(),
  term: termIn.optional().meta({
    description:
      'The term that starts now. Required when a trial, or a trial that became FREE, moves to a paid policy at once. Without it the license keeps its term.',
  }),
  billingRef,
  reason: reasonOf(reasonCode).optional(),
};

const needsTerm: Refinement = [
  ({ term, billingRef: reference }) => reference === undefined || term !== undefined,
  { path: ['billingRef'], message: 'needs term: a payment pays for a term' },
];

type Refinement = [
  holds: (paid: { readonly term?: unknown; readonly billingRef?: string | undefined }) => boolean,
  otherwise: { path: string[]; message: string },
];

const tierBody = z
  .strictObject({ ...offerIn, ...moveRules, ...paidIn })
  .refine(...namesOnePolicy)
  .refine(...versionIsOfPolicy)
  .refine(...needsTerm)
  .meta({ id: 'ChangeLicenseTier', example: { tier: 'ENTERPRISE', reason: { code: 'UPGRADE' } } });

const policyBody = z
  .strictObject({ ...policyIn, ...moveRules, ...paidIn })
  .refine(...needsTerm)
  .meta({
    id: 'ChangeLicensePolicy',
    example: { policyId: 'pol_01h455vb4pex5vsknk084sn02q', policyVersion: 1, reason: { code: 'NEW_TERMS' } },
  });

const convertBody = z
  .strictObject({
    ...offerIn,
    ...moveRules,
    term: termIn.optional(),
    billingRef,
    reason: reasonOf(reasonCode).optional(),
  })
  .refine(...namesOnePolicy)
  .refine(...versionIsOfPolicy)
  .meta({
    id: 'ConvertTrial',
    example: { tier: 'PRO', term: { duration: 'P1Y' }, billingRef: 'in_123', reason: { code: 'PURCHASE' } },
  });

const refusals: readonly ProblemCode[] = [
  'LICENSE_REVOKED',
  'ARCHIVED',
  'TERM_INVALID',
  'LIMIT_INVALID',
  'ACTIVATION_LIMIT_EXCEEDED',
  'SEAT_LIMIT_EXCEEDED',
  'USER_LIMIT_EXCEEDED',
  'QUOTA_EXCEEDED',
  'CONFIRMATION_REQUIRED',
];

const answer = { ...droppedShape, ...previewShape };

const moveText =
  'The license gets the products, limits and entitlements of the policy, and keeps its overrides unless the request says overrides: RESET. The term stays, unless the request names a term that starts now. An immediate change withdraws scheduled ones. When nothing changes, the answer says changed: false.';

/** POST /v1/licenses/{licenseId}/tier: moves a license to another tier or policy, immediately or at a later instant. */
export const changeLicenseTier = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'tier',
      operationId: 'changeLicenseTier',
      summary: 'Move a license to another tier or policy',
      permission: 'sellLicenses',
      rejections: [...refusals, 'BILLING_REF_REUSED'],
    }),
    ...commandAnswer({ ...paidTermShape, ...answer }),
    description: `Moves the license to another tier or policy, now or at effectiveAt. ${moveText}`,
    request: z.object({ params: licensePath, query: previewQuery, body: tierBody }),
    handle: ({ params, query, body }, call) => {
      const input = { ...params, body };
      const further = paidMoveIn(body.billingRef);
      const changing = { operation: 'changeLicenseTier', input, isPreview: query.preview, further };
      return answerChange(needs, call, changing, (request) => changeTier(needs, request, moveOf(body)));
    },
  });

/** POST /v1/licenses/{licenseId}/policy: moves a license to another policy of its tier, or to another version. */
export const changeLicensePolicy = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'policy',
      operationId: 'changeLicensePolicy',
      summary: 'Move a license to another policy of its tier',
      permission: 'sellLicenses',
      rejections: [...refusals, 'BILLING_REF_REUSED'],
    }),
    ...commandAnswer({ ...paidTermShape, ...answer }),
    description: `Moves the license to another policy of its tier, or to another version, now or at effectiveAt. ${moveText}`,
    request: z.object({ params: licensePath, query: previewQuery, body: policyBody }),
    handle: ({ params, query, body }, call) => {
      const input = { ...params, body };
      const further = paidMoveIn(body.billingRef);
      const changing = { operation: 'changeLicensePolicy', input, isPreview: query.preview, further };
      return answerChange(needs, call, changing, (request) => changePolicy(needs, request, moveOf(body)));
    },
  });

/** POST /v1/licenses/{licenseId}/convert: converts a trial to a paid license. The first paid term begins now. */
export const convertTrialLicense = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described({
      verb: 'convert',
      operationId: 'convertTrial',
      summary: 'Convert a trial to a paid license',
      permission: 'sellLicenses',
      rejections: [...refusals, 'BILLING_REF_REUSED'],
    }),
    ...commandAnswer({ ...paidTermShape, ...answer }),
    description:
      'Makes a trial a paid license, with the same id, key and devices. The first paid term starts now; without term it is that of the policy. Scheduled changes of tier and policy are withdrawn. The same billingRef with the same terms changes nothing (changed: false). Another license that is no trial gets 400 INVALID_REQUEST.',
    request: z.object({ params: licensePath, query: previewQuery, body: convertBody }),
    handle: ({ params, query, body }, call) => {
      const { term, billingRef: reference } = body;
      const conversion = {
        ...body,
        billingRef: reference ?? null,
        term: term === undefined ? undefined : termOf(term),
      };
      const further = paidMoveIn(reference);
      const changing = { operation: 'convertTrial', input: { ...params, body }, isPreview: query.preview, further };
      return answerChange(needs, call, changing, (request) => convertTrial(needs, request, conversion));
    },
  });

/** Returns what the answer of a change has further: the term that was paid for, and the overrides that were dropped. */
const paidMoveIn = (reference: string | undefined) => (changed: ChangedLicense<PaidTerm | null>) => ({
  ...paidTermIn(reference)(changed),
  ...droppedIn(changed),
});

const moveOf = <Body extends { readonly term?: z.output<typeof termIn> | undefined }>(body: Body) => ({
  ...body,
  term: body.term === undefined ? undefined : termOf(body.term),
});

const termOf = ({ duration: length, expiresAt }: z.output<typeof termIn>): ConversionTerm => {
  if (length !== undefined) return { kind: 'duration', duration: length };
  return expiresAt === undefined ? { kind: 'perpetual' } : { kind: 'fixed', expiresAt };
};
