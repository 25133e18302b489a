import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { LicenseCommand, Schedule } from '../../domain/license/commands.ts';
import type { IssuedLicense } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';
import { licenseAggregate } from '../../eventstore/aggregate.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
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
  type ComposedCommand,
  type Guard,
  issuedLicense,
  type LicenseSending,
  sendLicenseCommand,
} from './send-command.ts';

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

/** What the answer to a command on one license is; `beside`: what it shows beside the license. */
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

type Input = {
  readonly licenseId: string;
  readonly body: { readonly reason?: LicenseSending['reason'] | undefined };
  /** Whatever else names what the command is about. */
  readonly [parameter: string]: unknown;
};

type Made = LicenseCommand | ComposedCommand | Problem;

/** A command about to be sent: what `answerCommand` needs beyond the request. */
export type Commanded = {
  /** A problem is what the sender is refused with, unless the stream has accepted this very command before. */
  readonly command: (at: Instant, attempt: Attempt) => Made | Promise<Made>;
  readonly guard?: Guard;
  /** Makes what the answer shows once; `attempt.secret` holds it. */
  readonly createSecret?: () => string;
  /** What the answer shows beside the license, as it is after the command. */
  readonly beside?: (license: IssuedLicense, attempt: Attempt) => object;
  /** Refuses to answer a command that was carried out. */
  readonly refuse?: (events: readonly Recorded[], attempt: Attempt) => Problem | null;
  /** What is to be changed in the vault after the command, each time that it is sent. As the issuer. */
  readonly settle?: (db: PoolClient) => Promise<void>;
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
  { command, guard, createSecret, beside, refuse, settle }: Commanded,
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
    const made = await command(at, attempt);
    const sending: LicenseSending = {
      call,
      attempt,
      actor: actorOf(caller),
      sender: { organizationId, refusalOn, ...(guard === undefined ? {} : { guard }) },
      issuerOrgId,
      licenseId,
      reason: body.reason ?? null,
      values: [],
      command: isProblem(made) ? { at, compose: () => made } : made,
    };
    // Metadata is no part of the stream and no command here changes it, so both can be asked for at once.
    const [sent, metadata] = await Promise.all([
      sendLicenseCommand(needs, sending, (license) => {
        const issued = issuedLicense(license);
        return { facts: issued.facts, beside: beside?.(issued, attempt) };
      }),
      asTenant(needs.pool, organizationId, (db) => metadataOf(db, licenseId)),
    ]);
    if (isProblem(sent)) return sent;
    const { view, events, revision } = sent;
    const refusal = refuse?.(events, attempt) ?? null;
    if (refusal !== null) return refusal;
    if (settle !== undefined) await asTenant(needs.pool, issuerOrgId, settle, { readOnly: false });
    return {
      status: 200,
      body: {
        license: licenseBody(view.facts, { revision, metadata, at }),
        changed: sent.outcome !== 'unchanged',
        ...view.beside,
      },
      headers: { ETag: licenseTag(view.facts, { revision, metadata, at }) },
      position: sent.position.commit,
    };
  });
};

/** Returns the schedule of a command that is to take effect later; nothing when it takes effect at once. */
export const scheduledFor = (effectiveAt: Instant | undefined): { readonly scheduled?: Schedule } =>
  effectiveAt === undefined ? {} : { scheduled: { effectiveAt } };

// Where only an issuer may do it, whoever asks is the issuer, or will be refused.
const issuerOf = async (
  { executor }: LicenseCommandNeeds,
  { caller: { organizationId }, refusalOn }: OrganizationCall,
  licenseId: string,
): Promise<string | null> => {
  if (refusalOn('held') !== null) return organizationId;
  return executor.read(licenseAggregate, licenseId, (license) => {
    if (license.kind === 'unissued') return null;
    const { issuerOrgId, holderOrgId } = license.facts;
    return organizationId === issuerOrgId || organizationId === holderOrgId ? issuerOrgId : null;
  });
};
