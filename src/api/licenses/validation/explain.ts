import { z } from 'zod';
import {
  type ExplainedName,
  type ExplainedVerdict,
  type ExplainNeeds,
  explainVerdict,
} from '../../../application/validation/explain-verdict.ts';
import { effectiveStatuses, statuses } from '../../../domain/license/status.ts';
import { ruleOutcomes } from '../../../domain/license/validation/explain-validation.ts';
import { inapplicables } from '../../../domain/license/validation/rule.ts';
import { validationCodes } from '../../../domain/license/validation/validation-codes.ts';
import { licenseKeyHashes, parseLicenseKey } from '../../../identity/license-key.ts';
import type { Secrets } from '../../../identity/secrets.ts';
import { isProblem, type Problem, problem } from '../../problems/problems.ts';
import { none, type Route, route } from '../../route.ts';
import { instantIn, instantOut } from '../../schemas.ts';
import { hasFingerprint, noFingerprint } from '../client-schemas.ts';
import { licenseNaming } from '../find-client-license.ts';
import { repairBody, repairShape } from './repair-shape.ts';
import { validationFields } from './validation-fields.ts';

const body = z
  .strictObject({
    licenseKey: licenseNaming.licenseKey.meta({ description: 'The key of the license. The answer never has it.' }),
    licenseId: licenseNaming.licenseId.meta({ description: 'The id of the license, instead of its key.' }),
    ...validationFields,
    at: instantIn.optional().meta({
      description:
        'The instant to explain. Absent: now. In the past: the license as of then. In the future: what it will be if nothing else happens.',
    }),
  })
  .refine(({ licenseKey, licenseId }) => (licenseKey === undefined) !== (licenseId === undefined), {
    path: ['licenseKey'],
    message: 'give either licenseKey or licenseId',
  })
  .refine(hasFingerprint, noFingerprint)
  .meta({
    id: 'ExplainValidation',
    example: { licenseId: 'lic_01h455vb4pex5vsknk084sn02q', product: 'local_cli', fingerprint: '3f9c1a77d0e4' },
  });

const ruleShape = z
  .strictObject({
    code: z.enum(validationCodes).meta({ description: 'The code that the rule decides.' }),
    outcome: z.enum(ruleOutcomes).meta({
      description: 'FAILED: the code makes the license invalid. NOTED: the code is a remark on it.',
    }),
    why: z.enum(inapplicables).nullable().meta({ description: 'Why the rule does not apply. Null when it applies.' }),
    inputs: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]))
      .meta({ description: 'The values that the rule compared. They have no fingerprint, user or holder of a seat.' }),
  })
  .meta({ id: 'ValidationRule' });

const answerShape = z
  .strictObject({
    valid: z.boolean().meta({ description: 'As validate answers at this instant.' }),
    code: z.enum(validationCodes).meta({ description: 'As validate answers at this instant.' }),
    reasons: z.array(z.enum(validationCodes)).meta({ description: 'As validate answers at this instant.' }),
    status: z.enum(statuses).nullable().meta({ description: 'The status at this instant. Null without a license.' }),
    effectiveStatus: z
      .enum(effectiveStatuses)
      .nullable()
      .meta({ description: 'The status including grace and a start in the future.' }),
    at: instantOut.meta({ description: 'The explained instant.' }),
    licenseId: z.string().nullable().meta({
      description: 'The license. Null when your organization has no such license at this instant.',
    }),
    revision: z.int().nullable().meta({ description: 'The revision of the license at this instant.' }),
    rules: z.array(ruleShape).meta({ description: 'Every rule, in the order of precedence.' }),
    repairs: z.array(repairShape).meta({
      description:
        'The steps that make the license valid, in the order to carry them out: all of them. For an instant in the future, the steps to take then. Empty for a valid license, for a past instant, and when nothing can.',
    }),
    unrepairable: z
      .enum(validationCodes)
      .nullable()
      .meta({ description: 'The code that no step removes, such as REVOKED. Null when the steps suffice.' }),
  })
  .meta({ id: 'ValidationExplanation' });

type Needs = ExplainNeeds & { readonly secrets: Secrets };

/** POST /v1/licenses/explain-validation: says why a license is valid or not, and what makes it valid. */
export const explainValidationRoute = (needs: Needs): Route =>
  route({
    method: 'post',
    path: '/v1/licenses/explain-validation',
    operationId: 'explainValidation',
    summary: 'Explain a validation',
    description:
      'For the issuer and the holder of a license, not for a license key alone. Takes what validate takes, and answers with every rule, its inputs and its outcome, and with the steps that make the license valid. Changes nothing: it starts no term, and checks no license in. After KEY_ROTATED validate says nothing else; here the other rules are explained too.',
    tag: 'Licenses',
    permission: 'readLicenses',
    effect: 'read',
    request: z.object({ params: none, query: none, body }),
    isHeavy: true,
    bounded: { narrow: 'Leave out `at`: a past instant of a license with a long history takes long.' },
    replies: { 200: { description: 'The explanation.', body: answerShape } },
    rejections: ['LICENSE_KEY_MALFORMED'],
    handle: async ({ body: fields }, { caller: { organizationId }, signal, limits }) => {
      const name = nameOf(needs.secrets, fields);
      if (isProblem(name)) return name;
      const { at = null } = fields;
      const request = { organizationId, name, named: fields, at, signal: signal() };
      const explained = await explainVerdict(needs, request);
      // As for every other operation with a key. An id that is unknown counts for the organization alone.
      const isUnknownKey = 'keyHashes' in name && explained.license === null;
      const refusal = isUnknownKey ? await limits.takeForAddress('unknown_key') : null;
      return refusal ?? { status: 200, body: answered(explained) };
    },
  });

const nameOf = (
  secrets: Secrets,
  { licenseKey = '', licenseId }: { readonly licenseKey?: string | undefined; readonly licenseId?: string | undefined },
): ExplainedName | Problem => {
  if (licenseId !== undefined) return { licenseId };
  const key = parseLicenseKey(licenseKey);
  if (key !== null) return { keyHashes: licenseKeyHashes(secrets, key) };
  return problem('LICENSE_KEY_MALFORMED', 'This is not a license key. It is mistyped or incomplete. Check the key.');
};

const answered = ({ validation, rules, at, license, plan }: ExplainedVerdict): z.output<typeof answerShape> => ({
  valid: validation.valid,
  code: validation.code,
  reasons: [...validation.reasons],
  status: validation.status,
  effectiveStatus: validation.effectiveStatus,
  at,
  licenseId: license?.id ?? null,
  revision: license === null ? null : Number(license.revision),
  rules: rules.map(({ inputs, ...rule }) => ({ ...rule, inputs: { ...inputs } as Record<string, never> })),
  repairs: license === null ? [] : plan.repairs.map((repair) => repairBody(license.id, repair)),
  unrepairable: plan.unrepairable,
});
