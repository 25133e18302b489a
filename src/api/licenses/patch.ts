import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { LicenseCommand } from '../../domain/license/commands.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';
import type { JsonObject } from '../../eventstore/event-store.ts';
import { lockMetadata, storeMetadata } from '../../projections/tables/vault.ts';
import { asTenant } from '../../projections/tenant.ts';
import { actorOf, principalOf } from '../caller.ts';
import { type Attempt, idempotently } from '../idempotency.ts';
import { isProblem, type Problem, problem } from '../problems.ts';
import { none, type OrganizationCall, type Reply, type Route, route } from '../route.ts';
import { licensePath, text } from '../schemas.ts';
import { answerCommand, commandAnswer, type LicenseCommandNeeds } from './command.ts';
import { metadataIn } from './issue-body.ts';
import { isMetadata, metadataOf } from './license-metadata.ts';
import { licenseBody, licenseTag } from './license-shape.ts';
import { issuedFacts, sendLicenseCommand } from './send-command.ts';

const patchBody = z
  .strictObject({ metadata: metadataIn.optional(), externalRef: text(200).nullable().optional() })
  .refine(({ metadata, externalRef }) => metadata !== undefined || externalRef !== undefined, {
    message: 'give metadata, externalRef or both',
  })
  .meta({ id: 'ChangeLicense', example: { metadata: { team: 'blue' }, externalRef: 'sub_456' } });

type Patch = z.output<typeof patchBody>;

/** PATCH /v1/licenses/{licenseId}: what its issuer calls it and notes on it. */
export const patchLicense = (needs: LicenseCommandNeeds): Route =>
  route({
    method: 'patch',
    path: '/v1/licenses/{licenseId}',
    operationId: 'changeLicense',
    summary: 'Change the reference and the metadata of a license',
    ...commandAnswer({}),
    description:
      'metadata replaces what was noted before, and is no event; also of a revoked license. A changed reference is one. With metadata, If-Match compares the whole ETag.',
    permission: 'changeLicenses',
    request: z.object({ params: licensePath, query: none, body: patchBody }),
    rejections: ['LICENSE_NOT_FOUND', 'LICENSE_REVOKED'],
    handle: ({ params: { licenseId }, body: patch }, call) => {
      const { metadata, externalRef = null } = patch;
      if (metadata === undefined)
        return answerCommand(
          needs,
          call,
          'changeLicense',
          { licenseId, body: {}, externalRef },
          {
            command: (at) => ({ type: 'ChangeReference', at, data: { to: externalRef } }),
          },
        );
      const { organizationId } = call.caller;
      const request = {
        organizationId,
        principal: principalOf(call.caller),
        operation: 'changeLicense',
        input: { licenseId, body: patch },
      };
      return idempotently(needs, call, request, (attempt) => {
        const work = (db: PoolClient) => change(needs, { call, attempt, licenseId, metadata, patch, db });
        return asTenant(needs.pool, organizationId, work, { readOnly: false });
      });
    },
  });

type Changing = {
  readonly call: OrganizationCall;
  readonly attempt: Attempt;
  readonly licenseId: string;
  readonly metadata: JsonObject;
  readonly patch: Patch;
  readonly db: PoolClient;
};

/** Changes the metadata, and the reference where one is given: both or neither. Of two at once one comes after the other. */
const change = async (
  needs: LicenseCommandNeeds,
  { call, attempt, licenseId, metadata, patch, db }: Changing,
): Promise<Reply | Problem> => {
  const { caller, refusalOn } = call;
  const { organizationId: issuerOrgId } = caller;
  const at = needs.now();
  await lockMetadata(db, licenseId);
  const present = await metadataOf(db, licenseId);
  const isNoted = await isMetadata(db, licenseId, metadata);
  const sent = await sendLicenseCommand(
    needs,
    {
      ...{ call, attempt, issuerOrgId, licenseId },
      actor: actorOf(caller),
      sender: { organizationId: issuerOrgId, refusalOn },
      reason: null,
      values: [],
      command: {
        at,
        compose: ({ facts }) => {
          const isStale = !isNoted && !isOfTag(call, facts, present, at);
          return isStale ? metadataMismatch : referenceChange(patch, at);
        },
      },
    },
    issuedFacts,
  );
  if (isProblem(sent)) return sent;
  const { view, revision, outcome, position } = sent;
  const { holderOrgId } = view;
  if (!isNoted) await storeMetadata(db, { licenseId, issuerOrgId, holderOrgId, metadata });
  const shown = { revision, metadata, at };
  return {
    status: 200,
    body: { license: licenseBody(view, shown), changed: outcome !== 'unchanged' || !isNoted },
    headers: { ETag: licenseTag(view, shown) },
    position: position.commit,
  };
};

const referenceChange = ({ externalRef }: Patch, at: Instant): readonly LicenseCommand[] =>
  externalRef === undefined ? [] : [{ type: 'ChangeReference', at, data: { to: externalRef } }];

// Metadata has no revision of its own: what of it the client has seen, only the rest of its ETag says.
const isOfTag = (
  { expectedRevision, headers }: OrganizationCall,
  facts: LicenseFacts,
  metadata: object,
  at: Instant,
): boolean =>
  expectedRevision === null || headers['if-match'] === licenseTag(facts, { revision: expectedRevision, metadata, at });

const metadataMismatch = problem('REVISION_MISMATCH', 'The license is not as the ETag says. Read it again.');
