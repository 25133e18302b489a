import { z } from 'zod';
import type { IdempotencyNeeds } from '../../../application/attempt.ts';
import { principalOf } from '../../../application/caller.ts';
import type { Beginning, BeginRequest, BegunLicense } from '../../../application/licenses/begin-license.ts';
import { isRefusal, type Refusal } from '../../../application/refusal.ts';
import type { TermRequest } from '../../../domain/license/issue/issue-commands.ts';
import { generateLicenseKeyBody } from '../../../identity/license-key.ts';
import { idempotently } from '../../idempotency.ts';
import { type Problem, refused } from '../../problems.ts';
import type { OrganizationCall, Reply } from '../../route.ts';
import { licenseBody, licenseShape, licenseTag } from '../license-shape.ts';
import type { OriginBody } from './issue-body.ts';

/** What a route answers with that a license begins with. */
export const originReplies = {
  201: {
    description: 'Done. The key cannot be shown again.',
    headers: ['Location', 'ETag'] as const,
    body: z.strictObject({ license: licenseShape, licenseKey: z.string() }),
  },
};

/** Begins a license once per Idempotency-Key, and answers with the license and its key. */
export const answerBegun = (
  needs: IdempotencyNeeds,
  call: OrganizationCall,
  { operation, input }: { readonly operation: string; readonly input: OriginBody },
  begin: (request: BeginRequest) => Promise<BegunLicense | Refusal>,
): Promise<Reply | Problem> => {
  const { caller } = call;
  const { organizationId } = caller;
  const createSecret = generateLicenseKeyBody;
  const request = { organizationId, principal: principalOf(caller), operation, input, createSecret };
  return idempotently(needs, call, request, async (attempt) => {
    const begun = await begin({ call, attempt, caller });
    if (isRefusal(begun)) return refused(begun);
    const { facts, licenseKey, position } = begun;
    return {
      status: 201,
      body: { license: licenseBody(facts, begun), licenseKey },
      headers: { Location: `/v1/licenses/${facts.licenseId}`, ETag: licenseTag(facts, begun) },
      position,
    };
  });
};

/** Returns the body of a request as the operation takes it. */
export const beginningOf = <Body extends OriginBody>(body: Body): Omit<Body, 'term'> & Pick<Beginning, 'term'> => ({
  ...body,
  term: body.term === undefined ? undefined : termOf(body.term),
});

const termOf = ({ duration, expiresAt, basis, ...term }: NonNullable<OriginBody['term']>): TermRequest => {
  const { startsAt = null } = term;
  if (duration !== undefined && basis === 'FIRST_ACTIVATION') return { kind: 'firstActivation', duration };
  if (duration !== undefined && basis === 'FIRST_VALIDATION') return { kind: 'firstValidation', duration };
  if (duration !== undefined) return { kind: 'duration', duration, startsAt };
  if (expiresAt !== undefined) return { kind: 'fixed', expiresAt, startsAt };
  return { kind: 'perpetual', startsAt };
};
