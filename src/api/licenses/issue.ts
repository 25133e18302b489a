import { z } from 'zod';
import { encodeId } from '../../domain/ids.ts';
import type { License } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';
import { licenseAggregate, toDecide } from '../../eventstore/aggregate.ts';
import type { Executor } from '../../eventstore/execute.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { Overloaded } from '../../eventstore/stream-queue.ts';
import { commandContext } from '../../eventstore/waiting.ts';
import { actorOf } from '../caller.ts';
import type { Attempt } from '../idempotency.ts';
import { isProblem, type Problem, problem } from '../problems.ts';
import { none, type OrganizationCall, type Reply, type Route, route } from '../route.ts';
import { issueLicenseBody } from './issue-body.ts';
import { type Beginning, begin, isBegun, type OriginNeeds, originate, originReplies, sendFirst } from './originate.ts';

/** POST /v1/licenses: issues a license and shows its key, this once. */
export const issueLicense = (needs: OriginNeeds): Route =>
  route({
    method: 'post',
    path: '/v1/licenses',
    operationId: 'issueLicense',
    summary: 'Issue a license',
    description:
      'A tier stands for its oldest policy that is not archived. What is given beside tier or policyId overrides the policy. A holder has one trial of a product. replaces: the revoked license in whose place this one is issued. The license key is in this answer only.',
    tag: 'Licenses',
    permission: 'changeLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body: issueLicenseBody }),
    replies: originReplies,
    rejections: ['TERM_INVALID', 'LIMIT_INVALID', 'ARCHIVED', 'CODE_TAKEN'],
    handle: ({ body: wanted }, call) =>
      originate(needs, call, 'issueLicense', wanted, async (attempt) => {
        const { replaces } = wanted;
        const at = needs.now();
        const licenseId = encodeId('lic', aggregateId(attempt.commandId, 'license'));
        // Whatever has changed since, as in the catalog, does not keep it from being answered again.
        const issued = (await isBegun(needs, licenseId))
          ? await sendFirst(needs, call, wanted, { licenseId, attempt, command: { at, compose: () => [] } })
          : await issue(needs, call, wanted, { licenseId, attempt, at });
        if (isProblem(issued) || replaces === undefined) return issued;
        return { ...issued, ...(await recordReplacement(needs.executor, call, attempt, replaces, licenseId, at)) };
      }),
  });

const issue = async (
  needs: OriginNeeds,
  call: OrganizationCall,
  wanted: z.output<typeof issueLicenseBody>,
  license: Pick<Beginning, 'licenseId' | 'attempt' | 'at'>,
): Promise<Reply | Problem> => {
  const { licenseId, at } = license;
  const { replaces } = wanted;
  if (replaces === undefined)
    return begin(needs, call, wanted, { ...license, command: (data) => ({ type: 'IssueLicense', at, data }) });
  const refusal = await refuseReplacement(needs.executor, call, replaces, licenseId);
  if (refusal !== null) return refusal;
  return begin(needs, call, wanted, {
    ...license,
    command: (origination) => ({ type: 'IssueLicense', at, data: { ...origination, replaces } }),
    // Of two at once that are to take its place one does.
    reserved: [{ kind: 'replacement', fields: [call.caller.organizationId, replaces] }],
  });
};

/** Refuses to replace what is not a revoked license of the caller's, or was replaced by another one. */
const refuseReplacement = async (
  executor: Executor,
  { caller }: OrganizationCall,
  replaced: string,
  by: string,
): Promise<Problem | null> => {
  const detail = await executor.read(licenseAggregate, replaced, (license) =>
    license.kind === 'unissued' || license.facts.issuerOrgId !== caller.organizationId
      ? null
      : notReplaceable(license, by),
  );
  if (detail === '') return null;
  const wrong = detail ?? 'There is no such license.';
  return problem('INVALID_REQUEST', wrong, [{ pointer: '/replaces', detail: wrong }]);
};

const notReplaceable = ({ facts }: Extract<License, { kind: 'issued' }>, by: string): string => {
  if (facts.revokedAt === null) return 'This license is not revoked; there is nothing to replace.';
  return facts.replacedBy === null || facts.replacedBy === by ? '' : `It was replaced by ${facts.replacedBy} already.`;
};

/**
 * Notes on the revoked license what was issued in its place. Returns where this is in the log, so that both can be read.
 * Throws Overloaded where others kept changing it: then the same request notes it, sent again.
 */
const recordReplacement = async (
  executor: Executor,
  call: OrganizationCall,
  { commandId, requestHash, earlierRequestHashes }: Attempt,
  replaced: string,
  by: string,
  at: Instant,
): Promise<Pick<Reply, 'position'>> => {
  const context = commandContext({
    ...{ at, commandId: aggregateId(commandId, 'replacement'), requestHash, earlierRequestHashes },
    actor: actorOf(call.caller),
    correlationId: call.correlationId,
    causationId: commandId,
  });
  const command = { type: 'RecordReplacement', at, data: { by } } as const;
  const recorded = await executor.execute(
    licenseAggregate,
    replaced,
    toDecide(licenseAggregate, command),
    context,
    () => null,
  );
  if (!('rejected' in recorded)) return { position: recorded.position.commit };
  throw recorded.rejected === 'CONCURRENT_MODIFICATION'
    ? new Overloaded(recorded.detail)
    : new Error(`License ${by} was issued in place of ${replaced}, which cannot be: ${recorded.detail}`);
};
