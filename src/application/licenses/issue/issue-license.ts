import { licenseAggregate } from '../../../aggregates/aggregates.ts';
import { productsOf } from '../../../domain/authority.ts';
import { reject } from '../../../domain/decider.ts';
import { encodeId } from '../../../domain/ids.ts';
import { refuseReplacement } from '../../../domain/license/issue/decide-replacement.ts';
import { noSuchLicense } from '../../../domain/license/license-authority.ts';
import type { Instant } from '../../../domain/time.ts';
import type { Executor } from '../../../eventstore/executor/execute.ts';
import { Overloaded } from '../../../eventstore/executor/stream-queue.ts';
import { commandContext } from '../../../eventstore/executor/waiting.ts';
import { toDecide } from '../../../eventstore/folding.ts';
import { aggregateId } from '../../../eventstore/uuids.ts';
import { actorOf, type Caller } from '../../caller.ts';
import { isVisible } from '../../reading/is-visible.ts';
import { isRefusal, type Refusal } from '../../refusal.ts';
import type { KeyNeeds } from '../rotate-key.ts';
import { type CreatedLicense, type CreationRequest, createLicense, type NewLicense } from './create-license.ts';

/** A license to issue. `replaces` is the revoked license that it replaces. */
export type Issuing = NewLicense & { readonly replaces?: string | undefined };

/**
 * Issues a license, and records on a revoked license that this one replaces it. A repeated request gets the same
 * license, even when the catalog has changed. `createLicense` finds the policy and builds the license.
 */
export const issueLicense = async (
  needs: KeyNeeds,
  request: CreationRequest,
  issuing: Issuing,
): Promise<CreatedLicense | Refusal> => {
  const { replaces } = issuing;
  const at = needs.now();
  const licenseId = encodeId('lic', aggregateId(request.attempt.commandId, 'license'));
  if (replaces === undefined)
    return createLicense(needs, request, issuing, {
      licenseId,
      at,
      command: (data) => ({ type: 'IssueLicense', at, data }),
    });
  const { organizationId } = request.caller;
  const issued = await createLicense(needs, request, issuing, {
    licenseId,
    at,
    command: (origination) => ({ type: 'IssueLicense', at, data: { ...origination, replaces } }),
    refuse: () => refuseReplacing(needs.executor, request.caller, replaces, licenseId),
    // Only one of two concurrent replacements succeeds.
    reserved: [{ kind: 'replacement', fields: [organizationId, replaces] }],
  });
  if (isRefusal(issued)) return issued;
  return { ...issued, position: await recordReplacement(needs.executor, request, { replaces, licenseId, at }) };
};

/**
 * Refuses to replace a license that the caller did not issue, that is not revoked, or that another license replaces.
 */
const refuseReplacing = (executor: Executor, caller: Caller, replaced: string, by: string): Promise<Refusal | null> => {
  const { organizationId } = caller;
  const products = productsOf(caller);
  return executor.read(licenseAggregate, replaced, (license) => {
    const isOwn =
      license.kind !== 'unissued' &&
      license.facts.issuerOrgId === organizationId &&
      isVisible(license.facts, organizationId, products);
    const refusal = isOwn ? refuseReplacement(license.facts, by) : noSuchLicense;
    return refusal === null ? null : reject('INVALID_REQUEST', refusal.detail, 'replaces');
  });
};

/**
 * Records on the revoked license which license replaces it. Returns the position of the event, so that both can be
 * read. Throws Overloaded when others kept changing the license. A retry of the request records it then.
 */
const recordReplacement = async (
  executor: Executor,
  { call, attempt, caller }: CreationRequest,
  { replaces, licenseId: by, at }: { readonly replaces: string; readonly licenseId: string; readonly at: Instant },
): Promise<bigint> => {
  const { commandId, requestHash, earlierRequestHashes } = attempt;
  const context = commandContext({
    at,
    commandId: aggregateId(commandId, 'replacement'),
    requestHash,
    earlierRequestHashes,
    actor: actorOf(caller),
    correlationId: call.correlationId,
    causationId: commandId,
  });
  const decide = toDecide(licenseAggregate, { type: 'RecordReplacement', at, data: { by } });
  const recorded = await executor.execute(licenseAggregate, replaces, decide, { context, view: () => null });
  if (!('rejected' in recorded)) return recorded.position.commit;
  throw recorded.rejected === 'CONCURRENT_MODIFICATION'
    ? new Overloaded(recorded.detail)
    : new Error(`License ${by} was issued in place of ${replaces}, which cannot be: ${recorded.detail}`);
};
