import type { PoolClient } from 'pg';
import { z } from 'zod';
import { encodeId } from '../../domain/ids.ts';
import type { LicenseCommand, TermRequest } from '../../domain/license/commands.ts';
import type { Tier } from '../../domain/license/events.ts';
import { builtInDefaults, builtInPolicy } from '../../domain/license/policies.ts';
import type { Organization } from '../../domain/organization/organization.ts';
import { organizationAggregate } from '../../eventstore/aggregate.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { aggregateId, builtInPolicyId } from '../../eventstore/ids.ts';
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
import { type Attempt, idempotently } from '../idempotency.ts';
import { isProblem, type Problem, problem } from '../problems.ts';
import { none, type OrganizationCall, type Reply, type Route, route } from '../route.ts';
import { tiers } from '../schemas.ts';
import { type IssueLicenseBody, issueLicenseBody } from './issue-body.ts';
import { removeMetadata } from './license-metadata.ts';
import { licenseBody, licenseShape, licenseTag } from './license-shape.ts';
import { type CommandNeeds, issuedFacts, type LicenseSending, sendLicenseCommand } from './send-command.ts';

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
    description: 'What is given beside tier or policyId overrides the policy. The license key is in this answer only.',
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
    rejections: ['TERM_INVALID', 'LIMIT_INVALID'],
    handle: async ({ body: wanted }, call) => {
      const { organizationId } = call.caller;
      const tier = wanted.tier ?? tierOfPolicy(organizationId, wanted.policyId ?? '');
      if (tier === null) {
        const detail = 'There is no such policy.';
        return problem('INVALID_REQUEST', detail, [{ pointer: '/policyId', detail }]);
      }
      const holder = wanted.holderOrganizationId ?? null;
      // Asked of the stream: read models show nobody another organization.
      if (holder !== null && (await look(needs.executor, organizationAggregate, holder, isActive)) === null) {
        const detail = 'There is no such organization.';
        return problem('INVALID_REQUEST', detail, [{ pointer: '/holderOrganizationId', detail }]);
      }
      const request = {
        organizationId,
        principal: principalOf(call.caller),
        operation: 'issueLicense',
        input: wanted,
        createSecret: generateLicenseKeyBody,
      };
      return idempotently(needs, call, request, (attempt) => issue(needs, call, attempt, tier, wanted));
    },
  });

const issue = async (
  needs: IssueNeeds,
  call: OrganizationCall,
  attempt: Attempt,
  tier: Tier,
  wanted: IssueLicenseBody,
): Promise<Reply | Problem> => {
  const { organizationId } = call.caller;
  const at = needs.now();
  const licenseId = encodeId('lic', aggregateId(attempt.commandId, 'license'));
  const metadata: JsonObject = wanted.metadata ?? {};
  const owned = { licenseId, issuerOrgId: organizationId, holderOrgId: wanted.holderOrganizationId ?? null };
  const hasMetadata = Object.keys(metadata).length > 0;
  const inVault = (work: (db: PoolClient) => Promise<void>) =>
    asTenant(needs.pool, organizationId, work, { readOnly: false });

  const timeZone = await look(needs.executor, organizationAggregate, organizationId, timeZoneOf);
  if (hasMetadata) await inVault((db) => storeMetadata(db, { ...owned, metadata }));
  const sending: LicenseSending = {
    call,
    attempt,
    actor: actorOf(call.caller),
    sender: { organizationId, refusalOn: call.refusalOn },
    issuerOrgId: organizationId,
    licenseId,
    reason: wanted.reason ?? null,
    values: [],
    command: commandFor(needs.secrets, { ...owned, tier, wanted, at, timeZone, keyBody: attempt.secret }),
  };
  const sent = await sendLicenseCommand(needs, sending, issuedFacts);
  if (isProblem(sent)) {
    if (hasMetadata) await inVault((db) => removeMetadata(db, licenseId));
    return sent;
  }
  const shown = { revision: sent.revision, metadata, at };
  return {
    status: 201,
    body: {
      license: licenseBody(sent.view, shown),
      licenseKey: formatLicenseKey(needs.licenseKeyPrefix, attempt.secret),
    },
    headers: { Location: `/v1/licenses/${licenseId}`, ETag: licenseTag(sent.view, shown) },
    position: sent.position.commit,
  };
};

const isActive = (organization: Organization): true | null =>
  organization.kind === 'created' && organization.closedAt === null ? true : null;

const timeZoneOf = (organization: Organization): string | null =>
  organization.kind === 'missing' ? null : organization.timeZone;

type Issue = Extract<LicenseCommand, { type: 'IssueLicense' }>;

const commandFor = (
  secrets: Secrets,
  issue: {
    readonly licenseId: string;
    readonly issuerOrgId: string;
    readonly holderOrgId: string | null;
    readonly tier: Tier;
    readonly wanted: IssueLicenseBody;
    readonly at: string;
    readonly timeZone: string | null;
    readonly keyBody: string;
  },
): Issue => {
  const { licenseId, issuerOrgId, holderOrgId, tier, wanted, at, timeZone, keyBody } = issue;
  const defaults = builtInDefaults[tier];
  const { hash, secretId } = hashLicenseKey(secrets, keyBody);
  const {
    activations = defaults.limits.activations,
    seats = defaults.limits.seats,
    users = defaults.limits.users,
  } = wanted.limits ?? {};
  return {
    type: 'IssueLicense',
    at,
    data: {
      licenseId,
      issuerOrgId,
      holderOrgId,
      policy: builtInPolicy(tier, builtInPolicyId(issuerOrgId, tier)),
      products: wanted.products,
      term: termFor(wanted.term, tier),
      limits: { ...defaults.limits, activations, seats, users },
      entitlements:
        wanted.entitlements?.map((granted) => ({ ...granted, source: 'grant' as const })) ?? defaults.entitlements,
      externalRef: wanted.externalRef ?? null,
      timeZone: timeZone ?? 'UTC',
      key: { keyHash: hash.toString('hex'), secretId, hint: licenseKeyHint(keyBody) },
    },
  };
};

const termFor = (wanted: IssueLicenseBody['term'], tier: Tier): TermRequest => {
  const startsAt = wanted?.startsAt ?? null;
  if (wanted?.duration !== undefined) return { kind: 'duration', duration: wanted.duration, startsAt };
  if (wanted?.expiresAt !== undefined) return { kind: 'fixed', expiresAt: wanted.expiresAt, startsAt };
  if (wanted?.perpetual === true) return { kind: 'perpetual', startsAt };
  return { ...builtInDefaults[tier].term, startsAt };
};

const tierOfPolicy = (issuerOrgId: string, policyId: string): Tier | null =>
  tiers.find((tier) => builtInPolicyId(issuerOrgId, tier) === policyId) ?? null;
