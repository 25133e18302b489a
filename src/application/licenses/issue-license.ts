import { licenseAggregate } from '../../aggregates/aggregates.ts';
import { reject } from '../../domain/decider.ts';
import { encodeId } from '../../domain/ids.ts';
import { refuseReplacement } from '../../domain/license/issue/decide-replacement.ts';
import { noSuchLicense } from '../../domain/license/license-authority.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { Overloaded } from '../../eventstore/executor/stream-queue.ts';
import { commandContext } from '../../eventstore/executor/waiting.ts';
import { toDecide } from '../../eventstore/folding.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { actorOf } from '../caller.ts';
import { isRefusal, type Refusal } from '../refusal.ts';
import {
  type Beginning,
  type BeginRequest,
  type BegunLicense,
  beginAgain,
  beginLicense,
  hasBegun,
} from './begin-license.ts';
import type { KeyNeeds } from './rotate-key.ts';

/** A license to issue. `replaces`: the revoked license in whose place it is issued. */
export type Issuing = Beginning & { readonly replaces?: string | undefined };

/** Issues a license. A request that has issued it before gets it again, whatever has changed since. */
export const issueLicense = async (
  needs: KeyNeeds,
  request: BeginRequest,
  issuing: Issuing,
): Promise<BegunLicense | Refusal> => {
  const { replaces } = issuing;
  const at = needs.now();
  const licenseId = encodeId('lic', aggregateId(request.attempt.commandId, 'license'));
  const issued = (await hasBegun(needs, licenseId))
    ? await beginAgain(needs, request, issuing, { licenseId, at })
    : await issue(needs, request, issuing, { licenseId, at });
  if (isRefusal(issued) || replaces === undefined) return issued;
  return { ...issued, position: await recordReplacement(needs.executor, request, { replaces, licenseId, at }) };
};

const issue = async (
  needs: KeyNeeds,
  request: BeginRequest,
  issuing: Issuing,
  { licenseId, at }: { readonly licenseId: string; readonly at: Instant },
): Promise<BegunLicense | Refusal> => {
  const { replaces } = issuing;
  const { organizationId } = request.caller;
  if (replaces === undefined)
    return beginLicense(needs, request, issuing, {
      ...{ licenseId, at },
      command: (data) => ({ type: 'IssueLicense', at, data }),
    });
  const refusal = await refuseReplacing(needs.executor, organizationId, replaces, licenseId);
  if (refusal !== null) return refusal;
  return beginLicense(needs, request, issuing, {
    ...{ licenseId, at },
    command: (origination) => ({ type: 'IssueLicense', at, data: { ...origination, replaces } }),
    // Only one of two concurrent replacements succeeds.
    reserved: [{ kind: 'replacement', fields: [organizationId, replaces] }],
  });
};

/** Refuses to replace a license that is not the caller's, not revoked, or replaced by another one. */
const refuseReplacing = (
  executor: Executor,
  issuerOrgId: string,
  replaced: string,
  by: string,
): Promise<Refusal | null> =>
  executor.read(licenseAggregate, replaced, (license) => {
    const refusal =
      license.kind === 'unissued' || license.facts.issuerOrgId !== issuerOrgId
        ? noSuchLicense
        : refuseReplacement(license.facts, by);
    return refusal === null ? null : reject('INVALID_REQUEST', refusal.detail, 'replaces');
  });

/**
 * Records on the revoked license which one was issued in its place. Returns where this is in the log, so that both can
 * be read. Throws Overloaded when others kept changing the license: the same request, sent again, records it then.
 */
const recordReplacement = async (
  executor: Executor,
  { call, attempt, caller }: BeginRequest,
  { replaces, licenseId: by, at }: { readonly replaces: string; readonly licenseId: string; readonly at: Instant },
): Promise<bigint> => {
  const { commandId, requestHash, earlierRequestHashes } = attempt;
  const context = commandContext({
    ...{ at, commandId: aggregateId(commandId, 'replacement'), requestHash, earlierRequestHashes },
    actor: actorOf(caller),
    correlationId: call.correlationId,
    causationId: commandId,
  });
  const decide = toDecide(licenseAggregate, { type: 'RecordReplacement', at, data: { by } });
  const recorded = await executor.execute(licenseAggregate, replaces, decide, context, () => null);
  if (!('rejected' in recorded)) return recorded.position.commit;
  throw recorded.rejected === 'CONCURRENT_MODIFICATION'
    ? new Overloaded(recorded.detail)
    : new Error(`License ${by} was issued in place of ${replaces}, which cannot be: ${recorded.detail}`);
};
