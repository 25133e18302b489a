import { z } from 'zod';
import type { LicenseCommand } from '../../domain/license/commands.ts';
import type { Instant } from '../../domain/time.ts';
import { licenseById } from '../../projections/tables/licenses.ts';
import { asTenant } from '../../projections/tenant.ts';
import { actorOf, principalOf } from '../caller.ts';
import { type Attempt, type IdempotencyNeeds, idempotently } from '../idempotency.ts';
import type { PermissionName } from '../permissions.ts';
import { isProblem, type Problem, type ProblemCode } from '../problems.ts';
import type { OrganizationCall, Reply } from '../route.ts';
import { metadataOf } from './license-metadata.ts';
import { licenseBody, licenseShape, licenseTag } from './license-shape.ts';
import { noSuchLicense } from './no-such-license.ts';
import {
  type CommandNeeds,
  issuedFacts,
  type LicenseSending,
  type Sender,
  sendLicenseCommand,
} from './send-command.ts';

export type LicenseCommandNeeds = CommandNeeds & IdempotencyNeeds;

/** What the routes of commands on one license have in common. */
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
    description: 'What is so already changes nothing and answers with changed: false.',
    tag: 'Licenses',
    permission,
    effect: 'append',
    conditional: true,
    replies: {
      200: {
        description: 'The license after the command.',
        body: z.strictObject({ license: licenseShape, changed: z.boolean() }),
      },
    },
    rejections: ['LICENSE_NOT_FOUND', ...rejections],
  }) as const;

type Input = { readonly licenseId: string; readonly body: { readonly reason?: LicenseSending['reason'] | undefined } };

/** A command about to be sent: what `answerCommand` needs beyond the request. */
export type Commanded = {
  readonly command: (at: Instant, attempt: Attempt) => LicenseCommand;
  readonly guard?: Exclude<Sender, 'key holder'>['guard'];
  /** Makes what the answer shows once; `attempt.secret` holds it. */
  readonly createSecret?: () => string;
  /** What the answer shows beside the license. */
  readonly beside?: (attempt: Attempt) => object;
};

/**
 * Sends a command to a license on behalf of an organization and answers with the license as it is then. An operation that
 * holders may call, too, looks at first who has issued the license: what a person writes is kept for its issuer.
 */
export const answerCommand = (
  needs: LicenseCommandNeeds,
  call: OrganizationCall,
  operation: string,
  input: Input,
  { command, guard, createSecret, beside }: Commanded,
): Promise<Reply | Problem> => {
  const { caller, refusalOn } = call;
  const { organizationId } = caller;
  const { licenseId, body } = input;
  const request = {
    organizationId,
    principal: principalOf(caller),
    operation,
    input,
    ...(createSecret === undefined ? {} : { createSecret }),
  };
  return idempotently(needs, call, request, async (attempt) => {
    const issuerOrgId = await issuerOf(needs, call, licenseId);
    if (issuerOrgId === null) return noSuchLicense();
    const at = needs.now();
    const sending: LicenseSending = {
      call,
      attempt,
      actor: actorOf(caller),
      sender: { organizationId, refusalOn, ...(guard === undefined ? {} : { guard }) },
      issuerOrgId,
      licenseId,
      reason: body.reason ?? null,
      values: [],
      command: command(at, attempt),
    };
    // Metadata is no part of the stream and no command here changes it, so both can be asked for at once.
    const [sent, metadata] = await Promise.all([
      sendLicenseCommand(needs, sending, issuedFacts),
      asTenant(needs.pool, organizationId, (db) => metadataOf(db, licenseId)),
    ]);
    if (isProblem(sent)) return sent;
    const { view, revision } = sent;
    return {
      status: 200,
      body: {
        license: licenseBody(view, { revision, metadata, at }),
        changed: sent.outcome !== 'unchanged',
        ...beside?.(attempt),
      },
      headers: { ETag: licenseTag(view, { revision, metadata, at }) },
      position: sent.position.commit,
    };
  });
};

// Where only an issuer may do it, the stream alone decides, also for a license that is not projected yet.
const issuerOf = async (
  { pool }: LicenseCommandNeeds,
  { caller: { organizationId }, refusalOn }: OrganizationCall,
  licenseId: string,
): Promise<string | null> => {
  if (refusalOn('held') !== null) return organizationId;
  const found = await asTenant(pool, organizationId, (db) => licenseById(db, licenseId));
  return found === null ? null : found.facts.issuerOrgId;
};
