import { z } from 'zod';
import type { LicenseCommand } from '../../domain/license/commands.ts';
import type { Instant } from '../../domain/time.ts';
import { asTenant } from '../../projections/tenant.ts';
import { type IdempotencyNeeds, idempotently } from '../idempotency.ts';
import { isProblem, type Problem, type ProblemCode } from '../problems.ts';
import { none, type OrganizationCall, type Reply, type Route, route } from '../route.ts';
import { duration, instantIn, licensePath, reasonCode, reasonOf, suspensionReasons } from '../schemas.ts';
import { metadataOf } from './license-metadata.ts';
import { licenseBody, licenseShape } from './license-shape.ts';
import { type CommandNeeds, issuedFacts, type LicenseSending, sendLicenseCommand } from './send-command.ts';

type Needs = CommandNeeds & IdempotencyNeeds;

const suspendBody = z
  .strictObject({ reason: reasonOf(z.enum(suspensionReasons)), until: instantIn.nullable().optional() })
  .meta({ id: 'SuspendLicense', example: { reason: { code: 'PAYMENT' } } });

const reinstateBody = z
  .strictObject({ reason: reasonOf(reasonCode).optional() })
  .meta({ id: 'ReinstateLicense', example: { reason: { code: 'PAYMENT' } } });

const renewBody = z
  .strictObject({
    duration: duration.optional(),
    expiresAt: instantIn.optional(),
    basis: z.enum(['FROM_EXPIRY', 'FROM_NOW', 'FROM_NOW_IF_EXPIRED']).optional(),
    reason: reasonOf(reasonCode).optional(),
  })
  .refine(({ duration: length, expiresAt }) => (length === undefined) !== (expiresAt === undefined), {
    path: ['duration'],
    message: 'give either duration or expiresAt',
  })
  .refine(({ expiresAt, basis }) => expiresAt === undefined || basis === undefined, {
    path: ['basis'],
    message: 'goes with duration only',
  })
  .meta({ id: 'RenewLicense', example: { duration: 'P1Y', basis: 'FROM_EXPIRY', reason: { code: 'PAYMENT' } } });

const revokeBody = z
  .strictObject({ reason: reasonOf(reasonCode) })
  .meta({ id: 'RevokeLicense', example: { reason: { code: 'CHARGEBACK' } } });

/** POST /v1/licenses/{licenseId}/suspend */
export const suspendLicense = (needs: Needs): Route =>
  route({
    ...described('suspend', 'suspendLicense', 'Suspend a license', ['LICENSE_REVOKED', 'TERM_INVALID']),
    request: z.object({ params: licensePath, query: none, body: suspendBody }),
    handle: ({ params, body }, call) =>
      command(needs, call, 'suspendLicense', { ...params, body }, (at) => ({
        type: 'Suspend',
        at,
        data: { reasonCode: body.reason.code, until: body.until ?? null },
      })),
  });

/** POST /v1/licenses/{licenseId}/reinstate */
export const reinstateLicense = (needs: Needs): Route =>
  route({
    ...described('reinstate', 'reinstateLicense', 'End the suspension of a license', ['LICENSE_REVOKED']),
    request: z.object({ params: licensePath, query: none, body: reinstateBody }),
    handle: ({ params, body }, call) =>
      command(needs, call, 'reinstateLicense', { ...params, body }, (at) => ({ type: 'Reinstate', at, data: {} })),
  });

/** POST /v1/licenses/{licenseId}/renew */
export const renewLicense = (needs: Needs): Route =>
  route({
    ...described('renew', 'renewLicense', 'Start the next term of a license', ['LICENSE_REVOKED', 'TERM_INVALID']),
    request: z.object({ params: licensePath, query: none, body: renewBody }),
    handle: ({ params, body }, call) =>
      command(needs, call, 'renewLicense', { ...params, body }, (at) => ({ type: 'Renew', at, data: renewal(body) })),
  });

/** POST /v1/licenses/{licenseId}/revoke */
export const revokeLicense = (needs: Needs): Route =>
  route({
    ...described('revoke', 'revokeLicense', 'Revoke a license for ever', []),
    request: z.object({ params: licensePath, query: none, body: revokeBody }),
    handle: ({ params, body }, call) =>
      command(needs, call, 'revokeLicense', { ...params, body }, (at) => ({
        type: 'Revoke',
        at,
        data: { reasonCode: body.reason.code },
      })),
  });

const described = (verb: string, operationId: string, summary: string, rejections: readonly ProblemCode[]) =>
  ({
    method: 'post',
    path: `/v1/licenses/{licenseId}/${verb}`,
    operationId,
    summary,
    description: 'What is so already changes nothing and answers with changed: false.',
    tag: 'Licenses',
    scopes: ['licenses:write'],
    effect: 'append',
    replies: {
      200: {
        description: 'The license after the command.',
        body: z.strictObject({ license: licenseShape, changed: z.boolean() }),
      },
    },
    rejections: ['LICENSE_NOT_FOUND', 'FORBIDDEN', 'CONCURRENT_MODIFICATION', ...rejections],
  }) as const;

type Input = { readonly licenseId: string; readonly body: { readonly reason?: LicenseSending['reason'] | undefined } };

const command = (
  needs: Needs,
  call: OrganizationCall,
  operation: string,
  input: Input,
  commandAt: (at: Instant) => LicenseCommand,
): Promise<Reply | Problem> => {
  const { organizationId, apiKeyId } = call.caller;
  const { licenseId, body } = input;
  const request = { organizationId, principal: apiKeyId, operation, input };
  return idempotently(needs, call, request, async (attempt) => {
    const at = needs.now();
    const sending: LicenseSending = {
      call,
      attempt,
      actor: { type: 'API_KEY', id: apiKeyId, onBehalfOf: null },
      issuerOrgId: organizationId,
      licenseId,
      reason: body.reason ?? null,
      values: [],
      command: commandAt(at),
    };
    // Metadata is no part of the stream and no command here changes it, so both can be asked for at once.
    const [sent, metadata] = await Promise.all([
      sendLicenseCommand(needs, sending, issuedFacts),
      asTenant(needs.pool, organizationId, (db) => metadataOf(db, licenseId)),
    ]);
    if (isProblem(sent)) return sent;
    return {
      status: 200,
      body: {
        license: licenseBody(sent.view, { revision: sent.revision, metadata, at }),
        changed: sent.outcome !== 'unchanged',
      },
      headers: { ETag: `"${sent.revision}"` },
      position: sent.position.commit,
    };
  });
};

const renewal = ({ duration: length, expiresAt, basis, reason }: z.output<typeof renewBody>) => {
  const reasonCode = reason?.code ?? null;
  return expiresAt === undefined
    ? { duration: length ?? '', basis: basis ?? ('FROM_EXPIRY' as const), reasonCode }
    : { expiresAt, reasonCode };
};
