import type { PoolClient } from 'pg';
import { z } from 'zod';
import { encodeId } from '../../domain/ids.ts';
import type { LicenseCommand, TermRequest } from '../../domain/license/commands.ts';
import type { Organization } from '../../domain/organization/organization.ts';
import { trialReservations } from '../../domain/reservation/trial.ts';
import { organizationAggregate } from '../../eventstore/aggregate.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { look } from '../../eventstore/look.ts';
import {
  formatLicenseKey,
  generateLicenseKeyBody,
  hashLicenseKey,
  licenseKeyHint,
} from '../../identity/license-key.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { storeMetadata } from '../../projections/tables/vault.ts';
import { asTenant } from '../../projections/tenant.ts';
import { actorOf, principalOf } from '../caller.ts';
import { findOffer, type Offered } from '../catalog/offer.ts';
import { type Attempt, idempotently } from '../idempotency.ts';
import { isProblem, type Problem, problem } from '../problems.ts';
import { none, type OrganizationCall, type Reply, type Route, route } from '../route.ts';
import { type IssueLicenseBody, issueLicenseBody } from './issue-body.ts';
import { removeMetadata } from './license-metadata.ts';
import { licenseBody, licenseShape, licenseTag } from './license-shape.ts';
import { type CommandNeeds, issuedFacts, type LicenseSending, sendLicenseCommand } from './send-command.ts';
import { withReserved } from './trial.ts';

export type IssueNeeds = CommandNeeds & {
  readonly secrets: Secrets;
  readonly licenseKeyPrefix: string;
};

/** POST /v1/licenses: issues a license and shows its key, this once. */
export const issueLicense = (needs: IssueNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/licenses',
    operationId: 'issueLicense',
    summary: 'Issue a license',
    description:
      'A tier stands for its oldest policy that is not archived. What is given beside tier or policyId overrides the policy. A holder has one trial of a product. The license key is in this answer only.',
    tag: 'Licenses',
    permission: 'changeLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body: issueLicenseBody }),
    replies: {
      201: {
        description: 'Issued. The key cannot be shown again.',
        body: z.strictObject({ license: licenseShape, licenseKey: z.string() }),
      },
    },
    rejections: ['TERM_INVALID', 'LIMIT_INVALID', 'ARCHIVED', 'CODE_TAKEN'],
    handle: ({ body: wanted }, call) => {
      const { organizationId } = call.caller;
      const request = {
        organizationId,
        principal: principalOf(call.caller),
        operation: 'issueLicense',
        input: wanted,
        createSecret: generateLicenseKeyBody,
      };
      return idempotently(needs, call, request, (attempt) => issue(needs, call, attempt, wanted));
    },
  });

const issue = async (
  needs: IssueNeeds,
  call: OrganizationCall,
  attempt: Attempt,
  wanted: IssueLicenseBody,
): Promise<Reply | Problem> => {
  const { executor, secrets } = needs;
  const { organizationId: issuerOrgId } = call.caller;
  const at = needs.now();
  const licenseId = encodeId('lic', aggregateId(attempt.commandId, 'license'));
  const holderOrgId = wanted.holderOrganizationId ?? null;
  // Asked of the stream: read models show nobody another organization.
  if (holderOrgId !== null && (await look(executor, organizationAggregate, holderOrgId, isActive)) === null)
    return misplaced('/holderOrganizationId', 'There is no such organization.');
  const offered = await findOffer(executor, issuerOrgId, wanted);
  if (isProblem(offered)) return offered;
  const { policy, products } = offered;
  if (products === null || products.length === 0)
    return misplaced('/products', 'Name the products: the policy itself has none.');

  const actor = actorOf(call.caller);
  const owned = { licenseId, issuerOrgId, holderOrgId };
  const timeZone = await look(executor, organizationAggregate, issuerOrgId, timeZoneOf);
  const command = commandFor(secrets, { ...owned, offered, products, wanted, at, timeZone, keyBody: attempt.secret });
  const needed =
    policy.type === 'TRIAL' ? trialReservations({ issuerOrgId, products, holderOrgId, fingerprintHash: null }) : [];
  return withReserved({ executor, call, attempt, actor, at, issuerOrgId, licenseId }, needed, () =>
    send(needs, owned, wanted.metadata ?? {}, {
      ...{ call, attempt, actor, issuerOrgId, licenseId, command },
      sender: { organizationId: issuerOrgId, refusalOn: call.refusalOn },
      reason: wanted.reason ?? null,
      values: [],
    }),
  );
};

type Owned = { readonly licenseId: string; readonly issuerOrgId: string; readonly holderOrgId: string | null };

/** Sends the command with its metadata in the vault before it, and out of it again when it is refused. */
const send = async (
  needs: IssueNeeds,
  owned: Owned,
  metadata: JsonObject,
  sending: LicenseSending,
): Promise<Reply | Problem> => {
  const { licenseId, issuerOrgId } = owned;
  const hasMetadata = Object.keys(metadata).length > 0;
  const inVault = (work: (db: PoolClient) => Promise<void>) =>
    asTenant(needs.pool, issuerOrgId, work, { readOnly: false });

  if (hasMetadata) await inVault((db) => storeMetadata(db, { ...owned, metadata }));
  const sent = await sendLicenseCommand(needs, sending, issuedFacts);
  if (isProblem(sent)) {
    if (hasMetadata) await inVault((db) => removeMetadata(db, licenseId));
    return sent;
  }
  const shown = { revision: sent.revision, metadata, at: sending.command.at };
  return {
    status: 201,
    body: {
      license: licenseBody(sent.view, shown),
      licenseKey: formatLicenseKey(needs.licenseKeyPrefix, sending.attempt.secret),
    },
    headers: { Location: `/v1/licenses/${licenseId}`, ETag: licenseTag(sent.view, shown) },
    position: sent.position.commit,
  };
};

const misplaced = (pointer: string, detail: string): Problem =>
  problem('INVALID_REQUEST', detail, [{ pointer, detail }]);

const isActive = (organization: Organization): true | null =>
  organization.kind === 'created' && organization.closedAt === null ? true : null;

const timeZoneOf = (organization: Organization): string | null =>
  organization.kind === 'missing' ? null : organization.timeZone;

type Issue = Extract<LicenseCommand, { type: 'IssueLicense' }>;

const commandFor = (
  secrets: Secrets,
  issue: Owned & {
    readonly offered: Offered;
    readonly products: readonly string[];
    readonly wanted: IssueLicenseBody;
    readonly at: string;
    readonly timeZone: string | null;
    readonly keyBody: string;
  },
): Issue => {
  const { licenseId, issuerOrgId, holderOrgId, offered, products, wanted, at, timeZone, keyBody } = issue;
  const { policy, limits } = offered;
  const { hash, secretId } = hashLicenseKey(secrets, keyBody);
  return {
    type: 'IssueLicense',
    at,
    data: {
      ...{ licenseId, issuerOrgId, holderOrgId, policy, products, limits },
      term: termFor(wanted.term, offered.term),
      entitlements:
        wanted.entitlements?.map((granted) => ({ ...granted, source: 'grant' as const })) ?? offered.entitlements,
      externalRef: wanted.externalRef ?? null,
      timeZone: timeZone ?? 'UTC',
      key: { keyHash: hash.toString('hex'), secretId, hint: licenseKeyHint(keyBody) },
      ...(wanted.maintenanceUntil === undefined ? {} : { maintenanceUntil: wanted.maintenanceUntil }),
    },
  };
};

const termFor = (wanted: IssueLicenseBody['term'], ofPolicy: TermRequest): TermRequest => {
  if (wanted === undefined) return ofPolicy;
  const { duration, expiresAt, basis, startsAt = null } = wanted;
  if (duration !== undefined && basis === 'FIRST_ACTIVATION') return { kind: 'firstActivation', duration };
  if (duration !== undefined && basis === 'FIRST_VALIDATION') return { kind: 'firstValidation', duration };
  if (duration !== undefined) return { kind: 'duration', duration, startsAt };
  if (expiresAt !== undefined) return { kind: 'fixed', expiresAt, startsAt };
  return { kind: 'perpetual', startsAt };
};
