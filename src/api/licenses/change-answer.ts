import { z } from 'zod';
import { principalOf } from '../../application/caller.ts';
import { type Attempt, type IdempotencyNeeds, soleAttempt } from '../../application/idempotent-attempt.ts';
import type { ChangedLicense, LicenseRequest } from '../../application/licenses/change-license.ts';
import type { CommandNeeds, GivenReason } from '../../application/licenses/send-license-command.ts';
import { isRefusal, type Refusal } from '../../application/refusal.ts';
import type { PermissionName } from '../../domain/permissions.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { type Problem, type ProblemCode, refused } from '../problems/problems.ts';
import type { OrganizationCall, Reply } from '../route.ts';
import { licenseBody, licenseShape, licenseTag } from './license-shape.ts';
import { previewIn } from './preview-shape.ts';

export type LicenseCommandNeeds = CommandNeeds & IdempotencyNeeds;

/** The differences between the routes of commands on one license. `verb` is the end of their path. */
type CommandRoute = {
  readonly verb: string;
  readonly operationId: string;
  readonly summary: string;
  readonly permission: PermissionName;
  /** The codes of its refusals besides LICENSE_NOT_FOUND. */
  readonly rejections?: readonly ProblemCode[];
};

/** Returns the common part of the routes of commands on one license. */
export const described = ({ verb, operationId, summary, permission, rejections = [] }: CommandRoute) =>
  ({
    method: 'post',
    path: `/v1/licenses/{licenseId}/${verb}`,
    operationId,
    summary,
    ...commandAnswer({}),
    permission,
    rejections: ['LICENSE_NOT_FOUND', ...rejections],
  }) as const;

/** Returns the answer of a command on one license. `further` has the members besides the license. */
export const commandAnswer = (further: z.ZodRawShape) =>
  ({
    description: 'A command that changes nothing answers with changed: false.',
    tag: 'Licenses',
    effect: 'append',
    conditional: true,
    replies: {
      200: {
        description: 'The license after the command.',
        body: z.strictObject({ license: licenseShape, changed: z.boolean(), ...further }),
      },
    },
  }) as const;

/** A request to change a license, with what recognizes its repetition and what its answer shows. */
type Changing<Changed> = {
  readonly operation: string;
  readonly input: Input;
  /** True: shows what the change would do. */
  readonly isPreview?: boolean | undefined;
  /** Creates the secret that only the first answer shows. */
  readonly createSecret?: () => string;
  /** Returns what the answer shows besides the license. */
  readonly further?: (changed: Changed) => object;
};

type Input = {
  readonly licenseId: string;
  readonly body: { readonly reason?: GivenReason | undefined; readonly [member: string]: unknown };
  /** Further parameters of the command. */
  readonly [parameter: string]: unknown;
};

/**
 * Changes a license once per Idempotency-Key, and answers with the license after the change. A preview changes and stores
 * nothing, so it is decided each time.
 */
export const answerChange = <Changed extends ChangedLicense>(
  needs: IdempotencyNeeds,
  call: OrganizationCall,
  { operation, input, isPreview = false, createSecret, further }: Changing<Changed>,
  change: (request: LicenseRequest) => Promise<Changed | Refusal>,
): Promise<Reply | Problem> => {
  const { caller } = call;
  const { licenseId, body } = input;
  const { organizationId } = caller;
  const request = { organizationId, principal: principalOf(caller), operation, input };
  const keyed = createSecret === undefined ? request : { ...request, createSecret };
  const work = async (attempt: Attempt): Promise<Reply | Problem> => {
    const changed = await change({ call, attempt, caller, licenseId, reason: body.reason ?? null, isPreview });
    if (isRefusal(changed)) return refused(changed);
    const { facts, position } = changed;
    const members = { ...further?.(changed), ...previewIn(changed) };
    return {
      status: 200,
      body: { license: licenseBody(facts, changed), changed: changed.changed, ...members },
      headers: { ETag: licenseTag(facts, changed) },
      position,
    };
  };
  return isPreview ? work(soleAttempt(needs.pool, { hashes: [], secret: '' })) : idempotently(needs, call, keyed, work);
};
