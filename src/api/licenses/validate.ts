import { z } from 'zod';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { type Validation, validate, validationCodes } from '../../domain/license/validate.ts';
import { beginsTerm, checksIn } from '../../domain/license/validation-effects.ts';
import type { ValidationScope, ValidationView } from '../../domain/license/validation-view.ts';
import type { Instant } from '../../domain/time.ts';
import { fingerprintHashes } from '../../identity/fingerprint.ts';
import type { ValidationFacts } from '../../projections/validation.ts';
import { isProblem } from '../problems.ts';
import { clientRoute, none, type Reply, type Route } from '../route.ts';
import { instantOut, productCode, statuses, text, tiers } from '../schemas.ts';
import { checkIn } from './check-in.ts';
import { type ClientNeeds, findClientLicense, findDevice, fingerprint, licenseNaming } from './client-license.ts';
import { beginTerm } from './first-validation.ts';
import { licenseShape } from './license-shape.ts';
import type { CommandNeeds } from './send-command.ts';

type Needs = ClientNeeds & CommandNeeds;

const body = z
  .strictObject({
    ...licenseNaming,
    product: productCode.optional(),
    fingerprint: fingerprint.optional(),
    nonce: text(256).optional(),
  })
  .meta({
    id: 'ValidateLicense',
    example: { licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9', product: 'local_cli', nonce: '8f14e45f' },
  });

const limitsShape = z.strictObject({ activations: z.strictObject({ used: z.int(), max: z.int() }) });

const answerShape = z
  .strictObject({
    valid: z.boolean(),
    code: z.enum(validationCodes),
    reasons: z.array(z.enum(validationCodes)),
    status: z.enum(statuses).nullable(),
    effectiveStatus: z.enum([...statuses, 'IN_GRACE', 'NOT_YET_VALID']).nullable(),
    license: z.strictObject({ id: z.string(), tier: z.enum(tiers), products: z.array(z.string()) }).nullable(),
    entitlements: licenseShape.shape.entitlements,
    limits: limitsShape.nullable(),
    expiresAt: instantOut.nullable(),
    graceUntil: instantOut.nullable(),
    ttlSeconds: z.int(),
    offlineGraceUntil: instantOut.nullable(),
    asOf: instantOut,
    revision: z.int().nullable(),
    nonce: z.string().nullable(),
    missingEntitlements: z.array(z.string()),
    exceededMeters: z.array(z.string()),
  })
  .meta({ id: 'Validation' });

/**
 * POST /v1/licenses/validate: whether a license is good, here and now, for what the request names. Changes nothing, but that
 * the first one begins a term that waits for it.
 */
export const validateLicense = (needs: Needs): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/validate',
    operationId: 'validateLicense',
    summary: 'Validate a license',
    description:
      'Always 200 when it could be evaluated, for an unknown key too (NOT_FOUND). Only what is named is checked, unless the policy requires more.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'read',
    request: z.object({ params: none, query: none, body }),
    replies: { 200: { description: 'Evaluated.', body: answerShape } },
    rejections: ['LICENSE_KEY_MALFORMED'],
    handle: async ({ body: asked }, call) => {
      const client = await findClientLicense(needs, call, asked, 'validate');
      if (isProblem(client)) return client;
      const { found, actor } = client;
      const readAt = needs.now();
      const device = await deviceIn(needs, found, asked.fingerprint);
      const scope: ValidationScope = {
        product: asked.product ?? null,
        fingerprint: device.hash,
        keyVersion: found?.keyVersion ?? null,
      };
      const view = found === null ? null : viewOf(found, device.isActivated, await lastCheckIn(needs, found));
      const judged = validate(view, scope, readAt);
      if (view !== null && checksIn(view.facts, judged)) {
        await checkIn(needs.pool, view.facts, view.lastCheckInAt, readAt);
      }
      if (view !== null && actor !== null && beginsTerm(view.facts, judged)) {
        const begun = await beginTerm(needs.executor, call, view.facts, actor, readAt);
        if (begun !== null) {
          // Another server that was faster may have a clock that is ahead.
          const startsAt = begun.facts.term.startsAt ?? readAt;
          const asOf = startsAt > readAt ? startsAt : readAt;
          const judgedAgain = validate({ ...view, facts: begun.facts }, scope, asOf);
          return { ...answered(judgedAgain, begun, asked.nonce, asOf), position: begun.position };
        }
      }
      return answered(judged, found, asked.nonce, readAt);
    },
  });

type Judged = { readonly facts: LicenseFacts; readonly revision: bigint };

const answered = (judged: Validation, license: Judged | null, nonce: string | undefined, asOf: Instant): Reply => {
  const facts = license?.facts ?? null;
  // Written out field by field: spreading costs more here than everything else in this function.
  const answer: z.output<typeof answerShape> = {
    valid: judged.valid,
    code: judged.code,
    reasons: [...judged.reasons],
    status: judged.status,
    effectiveStatus: judged.effectiveStatus,
    license: facts === null ? null : { id: facts.licenseId, tier: facts.policy.tier, products: [...facts.products] },
    entitlements: facts === null ? [] : [...facts.entitlements],
    limits: facts === null ? null : { activations: { used: facts.usage.activations, max: facts.limits.activations } },
    expiresAt: judged.expiresAt,
    graceUntil: judged.graceUntil,
    ttlSeconds: judged.ttlSeconds,
    offlineGraceUntil: judged.offlineGraceUntil,
    asOf,
    revision: license === null ? null : Number(license.revision),
    nonce: nonce ?? null,
    missingEntitlements: [...judged.missingEntitlements],
    exceededMeters: [...judged.exceededMeters],
  };
  return { status: 200, body: answer };
};

const viewOf = (
  { facts, issuerClosed }: ValidationFacts,
  isActivated: boolean,
  lastCheckInAt: Instant | null,
): ValidationView => ({
  facts,
  tenantSuspended: issuerClosed,
  lastCheckInAt,
  activation: isActivated ? ofThisDevice : null,
  lease: null,
  userAssigned: false,
});

// Looked up only where the policy asks for check-ins.
const lastCheckIn = async ({ validations }: Needs, { facts }: ValidationFacts): Promise<Instant | null> =>
  facts.policy.checkInSeconds === undefined
    ? null
    : (await validations.details(facts, { checkIn: true })).lastCheckInAt;

const ofThisDevice = { isOfFingerprint: true } as const;

const deviceIn = async (
  needs: Needs,
  found: ValidationFacts | null,
  value?: string,
): Promise<{ readonly hash: string | null; readonly isActivated: boolean }> => {
  if (value === undefined) return { hash: null, isActivated: false };
  if (found !== null) return findDevice(needs, found, value);
  // The same work as for a license that exists.
  return { hash: fingerprintHashes(needs.secrets, '', value)[0] ?? '', isActivated: false };
};
