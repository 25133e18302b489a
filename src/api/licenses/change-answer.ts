import { z } from 'zod';
import type { IdempotencyNeeds } from '../../application/attempt.ts';
import { principalOf } from '../../application/caller.ts';
import type { ChangedLicense, LicenseRequest } from '../../application/licenses/change-license.ts';
import type { CommandNeeds, GivenReason } from '../../application/licenses/send-license-command.ts';
import { isRefusal, type Refusal } from '../../application/refusal.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import type { PermissionName } from '../permissions.ts';
import { type Problem, type ProblemCode, refused } from '../problems/problems.ts';
import type { OrganizationCall, Reply } from '../route.ts';
import { licenseBody, licenseShape, licenseTag } from './license-shape.ts';

export type LicenseCommandNeeds = CommandNeeds & IdempotencyNeeds;

/** What the routes of commands on one license have in common. `verb`: what their path ends with. */
export const described = (
  verb: string,
  operationId: string,
  summary: string,
  permission: PermissionName,
  rejections: readonly ProblemCode[],
) =>
  ({
    method: 'post',
    path: `/v1/licenses/{licenseId}/${verb}`,
    operationId,
    summary,
    ...commandAnswer({}),
    permission,
    rejections: ['LICENSE_NOT_FOUND', ...rejections],
  }) as const;

/** What the answer to a command on one license is; `beside`: what it shows besides the license. */
export const commandAnswer = (beside: z.ZodRawShape) =>
  ({
    description: 'What is so already changes nothing and answers with changed: false.',
    tag: 'Licenses',
    effect: 'append',
    conditional: true,
    replies: {
      200: {
        description: 'The license after the command.',
        body: z.strictObject({ license: licenseShape, changed: z.boolean(), ...beside }),
      },
    },
  }) as const;

/** A request to change a license as it is recognized when it is sent again, and what its answer shows. */
type Changing<Changed> = {
  readonly operation: string;
  readonly input: Input;
  /** Makes what the answer shows once. */
  readonly createSecret?: () => string;
  /** Returns what the answer shows besides the license. */
  readonly beside?: (changed: Changed) => object;
};

type Input = {
  readonly licenseId: string;
  readonly body: { readonly reason?: GivenReason | undefined; readonly [member: string]: unknown };
  /** Whatever else names what the command is about. */
  readonly [parameter: string]: unknown;
};

/** Changes a license once per Idempotency-Key, and answers with the license after the change. */
export const answerChange = <Changed extends ChangedLicense>(
  needs: IdempotencyNeeds,
  call: OrganizationCall,
  { operation, input, createSecret, beside }: Changing<Changed>,
  change: (request: LicenseRequest) => Promise<Changed | Refusal>,
): Promise<Reply | Problem> => {
  const { caller } = call;
  const { licenseId, body } = input;
  const { organizationId } = caller;
  const request = { organizationId, principal: principalOf(caller), operation, input };
  const keyed = createSecret === undefined ? request : { ...request, createSecret };
  return idempotently(needs, call, keyed, async (attempt) => {
    const changed = await change({ call, attempt, caller, licenseId, reason: body.reason ?? null });
    if (isRefusal(changed)) return refused(changed);
    return {
      status: 200,
      body: { license: licenseBody(changed.facts, changed), changed: changed.changed, ...beside?.(changed) },
      headers: { ETag: licenseTag(changed.facts, changed) },
      position: changed.position,
    };
  });
};
