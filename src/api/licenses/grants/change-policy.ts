import { z } from 'zod';
import { changePolicy, changeTier } from '../../../application/licenses/change-policy.ts';
import { convertTrial } from '../../../application/licenses/convert-trial.ts';
import type { ConversionTerm } from '../../../domain/license/tiers/tier-commands.ts';
import { none, type Route, route } from '../../route.ts';
import { duration, instantIn, licensePath, reasonCode, reasonOf, text } from '../../schemas.ts';
import { answerChange, described, type LicenseCommandNeeds } from '../change-answer.ts';
import { namesOnePolicy, offerIn, policyIn, versionIsOfPolicy } from '../issue/offer-schemas.ts';

const tierBody = z
  .strictObject({ ...offerIn, effectiveAt: instantIn.optional(), reason: reasonOf(reasonCode).optional() })
  .refine(...namesOnePolicy)
  .refine(...versionIsOfPolicy)
  .meta({ id: 'ChangeLicenseTier', example: { tier: 'ENTERPRISE', reason: { code: 'UPGRADE' } } });

const policyBody = z
  .strictObject({ ...policyIn, effectiveAt: instantIn.optional(), reason: reasonOf(reasonCode).optional() })
  .meta({
    id: 'ChangeLicensePolicy',
    example: { policyId: 'pol_01h455vb4pex5vsknk084sn02q', policyVersion: 2, reason: { code: 'NEW_TERMS' } },
  });

const convertBody = z
  .strictObject({
    ...offerIn,
    term: z
      .strictObject({
        duration: duration.optional(),
        expiresAt: instantIn.optional(),
        perpetual: z.literal(true).optional(),
      })
      .refine(
        (term) => Object.values(term).filter((given) => given !== undefined).length === 1,
        'must have exactly one of duration, expiresAt and perpetual',
      )
      .optional(),
    billingRef: text(200).optional(),
    reason: reasonOf(reasonCode).optional(),
  })
  .refine(...namesOnePolicy)
  .refine(...versionIsOfPolicy)
  .meta({
    id: 'ConvertTrial',
    example: { tier: 'PRO', term: { duration: 'P1Y' }, billingRef: 'in_123', reason: { code: 'PURCHASE' } },
  });

const refusals = [
  ...(['LICENSE_REVOKED', 'ARCHIVED', 'TERM_INVALID', 'LIMIT_INVALID', 'ACTIVATION_LIMIT_EXCEEDED'] as const),
  ...(['SEAT_LIMIT_EXCEEDED', 'USER_LIMIT_EXCEEDED', 'QUOTA_EXCEEDED'] as const),
];

/** POST /v1/licenses/{licenseId}/tier: another policy with all that it grants; at once, or announced for later. */
export const changeLicenseTier = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('tier', 'changeLicenseTier', 'Move a license to another tier or policy', 'changeLicenses', refusals),
    request: z.object({ params: licensePath, query: none, body: tierBody }),
    handle: ({ params, body }, call) =>
      answerChange(needs, call, { operation: 'changeLicenseTier', input: { ...params, body } }, (request) =>
        changeTier(needs, request, body),
      ),
  });

/** POST /v1/licenses/{licenseId}/policy: another policy of the same tier, or another version of it. */
export const changeLicensePolicy = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('policy', 'changeLicensePolicy', 'Move a license within its tier', 'changeLicenses', refusals),
    request: z.object({ params: licensePath, query: none, body: policyBody }),
    handle: ({ params, body }, call) =>
      answerChange(needs, call, { operation: 'changeLicensePolicy', input: { ...params, body } }, (request) =>
        changePolicy(needs, request, body),
      ),
  });

/** POST /v1/licenses/{licenseId}/convert: the trial becomes a paid license, whose first term begins now. */
export const convertTrialLicense = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('convert', 'convertTrial', 'Make a trial a paid license', 'changeLicenses', refusals),
    request: z.object({ params: licensePath, query: none, body: convertBody }),
    handle: ({ params, body }, call) => {
      const { term, billingRef = null } = body;
      const conversion = { ...body, billingRef, term: term === undefined ? undefined : termOf(term) };
      return answerChange(needs, call, { operation: 'convertTrial', input: { ...params, body } }, (request) =>
        convertTrial(needs, request, conversion),
      );
    },
  });

const termOf = ({ duration: length, expiresAt }: NonNullable<z.output<typeof convertBody>['term']>): ConversionTerm => {
  if (length !== undefined) return { kind: 'duration', duration: length };
  return expiresAt === undefined ? { kind: 'perpetual' } : { kind: 'fixed', expiresAt };
};
