import { z } from 'zod';
import type { LicenseCommand, TermRequest } from '../../domain/license/commands.ts';
import type { ConversionTerm } from '../../domain/license/commands-grant.ts';
import type { Instant } from '../../domain/time.ts';
import { findOffer, type Offered, type OfferRequest, targetOf } from '../catalog/offer.ts';
import { isProblem, type Problem, problem } from '../problems.ts';
import { none, type OrganizationCall, type Route, route } from '../route.ts';
import { duration, instantIn, licensePath, reasonCode, reasonOf, text } from '../schemas.ts';
import { answerCommand, described, type LicenseCommandNeeds, scheduledFor } from './command.ts';
import { namesOnePolicy, offerIn, policyIn, versionIsOfPolicy } from './offer-schemas.ts';
import type { ComposedCommand } from './send-command.ts';

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
      answerCommand(
        needs,
        call,
        'changeLicenseTier',
        { ...params, body },
        {
          command: (at) => moved(needs, call, 'ChangeTier', body, at),
        },
      ),
  });

/** POST /v1/licenses/{licenseId}/policy: another policy of the same tier, or another version of it. */
export const changeLicensePolicy = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('policy', 'changeLicensePolicy', 'Move a license within its tier', 'changeLicenses', refusals),
    request: z.object({ params: licensePath, query: none, body: policyBody }),
    handle: ({ params, body }, call) =>
      answerCommand(
        needs,
        call,
        'changeLicensePolicy',
        { ...params, body },
        {
          command: (at) => moved(needs, call, 'ChangePolicy', body, at),
        },
      ),
  });

/** POST /v1/licenses/{licenseId}/convert: the trial becomes a paid license, whose first term begins now. */
export const convertTrialLicense = (needs: LicenseCommandNeeds): Route =>
  route({
    ...described('convert', 'convertTrial', 'Make a trial a paid license', 'changeLicenses', refusals),
    request: z.object({ params: licensePath, query: none, body: convertBody }),
    handle: ({ params, body }, call) =>
      answerCommand(
        needs,
        call,
        'convertTrial',
        { ...params, body },
        {
          command: async (at) => {
            const offered = await findOffer(needs.executor, call.caller.organizationId, body);
            if (isProblem(offered)) return offered;
            const term = body.term === undefined ? fromNow(offered.term) : termOf(body.term);
            const data = { target: targetOf(offered), term, billingRef: body.billingRef ?? null };
            return { type: 'ConvertTrial', at, data };
          },
        },
      ),
  });

const moved = async (
  { executor }: LicenseCommandNeeds,
  { caller }: OrganizationCall,
  type: 'ChangeTier' | 'ChangePolicy',
  asked: OfferRequest & { readonly effectiveAt?: Instant | undefined },
  at: Instant,
): Promise<ComposedCommand | Problem> => {
  const offered = await findOffer(executor, caller.organizationId, asked);
  if (isProblem(offered)) return offered;
  const command: LicenseCommand = {
    type,
    at,
    data: { target: targetOf(offered), ...scheduledFor(asked.effectiveAt) },
  };
  return {
    at,
    compose: ({ facts }) => (isTrial(offered) && facts.policy.type !== 'TRIAL' ? becomesTrial(asked) : [command]),
  };
};

const isTrial = ({ policy }: Offered): boolean => policy.type === 'TRIAL';

// A holder has one trial of a product, which is kept count of where trials are issued.
const becomesTrial = ({ tier }: OfferRequest): Problem => {
  const detail = 'A license does not become a trial. Issue a trial instead.';
  return problem('INVALID_REQUEST', detail, [{ pointer: tier === undefined ? '/policyId' : '/tier', detail }]);
};

const termOf = ({ duration: length, expiresAt }: NonNullable<z.output<typeof convertBody>['term']>): ConversionTerm => {
  if (length !== undefined) return { kind: 'duration', duration: length };
  return expiresAt === undefined ? { kind: 'perpetual' } : { kind: 'fixed', expiresAt };
};

/** The term that a policy gives, begun by the conversion whatever else it would begin with. */
const fromNow = (term: TermRequest): ConversionTerm => {
  switch (term.kind) {
    case 'perpetual':
      return { kind: 'perpetual' };
    case 'fixed':
      return { kind: 'fixed', expiresAt: term.expiresAt };
    case 'duration':
    case 'firstActivation':
    case 'firstValidation':
      return { kind: 'duration', duration: term.duration };
  }
};
