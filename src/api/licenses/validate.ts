import { z } from 'zod';
import { validate, validationCodes } from '../../domain/license/validate.ts';
import type { ValidationScope, ValidationView } from '../../domain/license/validation-view.ts';
import type { Instant } from '../../domain/time.ts';
import { fingerprintHashes } from '../../identity/fingerprint.ts';
import type { ValidationFacts } from '../../projections/validation.ts';
import { isProblem } from '../problems.ts';
import { clientRoute, none, type Route } from '../route.ts';
import { instantOut, productCode, statuses, text, tiers } from '../schemas.ts';
import { type ClientNeeds, findClientLicense, findDevice, fingerprint, licenseNaming } from './client-license.ts';
import { licenseShape } from './license-shape.ts';

type Needs = ClientNeeds & { readonly now: () => Instant };

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
  })
  .meta({ id: 'Validation' });

/** POST /v1/licenses/validate: whether a license is good, here and now, for what the request names. Changes nothing. */
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
      const client = await findClientLicense(needs, call, asked);
      if (isProblem(client)) return client;
      const { found } = client;
      const asOf = needs.now();
      const device = await deviceIn(needs, found, asked.fingerprint);
      const facts = found?.facts ?? null;
      const scope: ValidationScope = {
        product: asked.product ?? null,
        fingerprint: device.hash,
        keyVersion: found?.keyVersion ?? null,
      };
      const judged = validate(found === null ? null : viewOf(found, device.isActivated), scope, asOf);
      // Written out field by field: spreading costs more here than everything else in this function.
      const answer: z.output<typeof answerShape> = {
        valid: judged.valid,
        code: judged.code,
        reasons: [...judged.reasons],
        status: judged.status,
        effectiveStatus: judged.effectiveStatus,
        license:
          facts === null ? null : { id: facts.licenseId, tier: facts.policy.tier, products: [...facts.products] },
        entitlements: facts === null ? [] : [...facts.entitlements],
        limits:
          facts === null ? null : { activations: { used: facts.usage.activations, max: facts.limits.activations } },
        expiresAt: judged.expiresAt,
        graceUntil: judged.graceUntil,
        ttlSeconds: judged.ttlSeconds,
        offlineGraceUntil: judged.offlineGraceUntil,
        asOf,
        revision: found === null ? null : Number(found.revision),
        nonce: asked.nonce ?? null,
      };
      return { status: 200, body: answer };
    },
  });

// What a request can name. Leases and users it cannot name yet; check-ins are not kept.
const viewOf = ({ facts, issuerClosed }: ValidationFacts, isActivated: boolean): ValidationView => ({
  facts,
  tenantSuspended: issuerClosed,
  lastCheckInAt: null,
  activation: isActivated ? ofThisDevice : null,
  lease: null,
  userAssigned: false,
});

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
