import { z } from 'zod';
import { principalOf } from '../../../application/caller.ts';
import type { IdempotencyNeeds } from '../../../application/idempotent-attempt.ts';
import type {
  CreatedLicense,
  CreationRequest,
  NewLicense,
} from '../../../application/licenses/issue/create-license.ts';
import { isRefusal, type Refusal } from '../../../application/refusal.ts';
import type { TermRequest } from '../../../domain/license/issue/issue-commands.ts';
import { generateLicenseKeyBody } from '../../../identity/license-key.ts';
import { idempotently } from '../../idempotency/idempotency.ts';
import { type Problem, refused } from '../../problems/problems.ts';
import type { OrganizationCall, Reply } from '../../route.ts';
import { licenseBody, licenseShape, licenseTag } from '../license-shape.ts';
import type { OriginBody } from './issue-body.ts';

/** The answer of a route that creates a license. */
export const creationReplies = {
  201: {
    description: 'The license was created. No other answer contains the key.',
    headers: ['Location', 'ETag'] as const,
    body: z.strictObject({ license: licenseShape, licenseKey: z.string() }),
  },
};

/** Creates a license once per Idempotency-Key, and answers with the license and its key. */
export const answerCreation = (
  needs: IdempotencyNeeds,
  call: OrganizationCall,
  { operation, input }: { readonly operation: string; readonly input: OriginBody },
  create: (request: CreationRequest) => Promise<CreatedLicense | Refusal>,
): Promise<Reply | Problem> => {
  const { caller } = call;
  const { organizationId } = caller;
  const createSecret = generateLicenseKeyBody;
  const request = { organizationId, principal: principalOf(caller), operation, input, createSecret };
  return idempotently(needs, call, request, async (attempt) => {
    const created = await create({ call, attempt, caller });
    if (isRefusal(created)) return refused(created);
    const { facts, licenseKey, position } = created;
    return {
      status: 201,
      body: { license: licenseBody(facts, created), licenseKey },
      headers: { Location: `/v1/licenses/${facts.licenseId}`, ETag: licenseTag(facts, created) },
      position,
    };
  });
};

/** Returns the body of a request as the input of the operation. */
export const newLicenseOf = <Body extends OriginBody>(body: Body): Omit<Body, 'term'> & Pick<NewLicense, 'term'> => ({
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
