import { evolveFacts } from '../../domain/license/evolve.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';
import { licenseAggregate } from '../../eventstore/aggregate.ts';
import { isRepair } from '../../eventstore/codec-repair.ts';
import type { EventStore } from '../../eventstore/event-store.ts';
import { type Problem, problem } from '../problems.ts';

/** What was known of a license, or came to hold, by an instant. `revision`: of the last event that counts. */
export type LicenseThen = { readonly facts: LicenseFacts; readonly revision: bigint };

/**
 * The license as of an instant, folded from its stream: in the order of the stream, the events that were recorded or took
 * effect by then, so that what was recorded later about before counts too. Null: it was not issued yet.
 */
export const licenseAsOf = async (
  store: Pick<EventStore, 'read'>,
  licenseId: string,
  asOf: Instant,
): Promise<LicenseThen | null> => {
  let then: LicenseThen | null = null;
  for (let from = 0n; ; from += BigInt(pageMax)) {
    const { events } = await store.read(licenseAggregate.stream(licenseId), from, pageMax);
    for (const recorded of events) {
      const { event, at } = licenseAggregate.decode(recorded);
      if (isRepair(event)) continue;
      if (at.recordedAt > asOf && at.effectiveAt > asOf) continue;
      const facts = evolveFacts(then?.facts ?? null, event, at);
      if (facts !== null) then = { facts, revision: recorded.revision };
    }
    if (events.length < pageMax) return then;
  }
};

/** True for an organization that issued the license or held it then: what others did with it before is not its own. */
export const isPartyTo = ({ issuerOrgId, holderOrgId }: LicenseFacts, organizationId: string): boolean =>
  issuerOrgId === organizationId || holderOrgId === organizationId;

/** The refusal of an instant that has not come, null for one that has: what it will bring is not known. */
export const refuseFuture = (asOf: Instant, now: Instant): Problem | null => {
  if (asOf <= now) return null;
  const detail = `asOf must not be in the future; it is ${now} here.`;
  return problem('INVALID_REQUEST', detail, [{ pointer: '?asOf', detail }]);
};

const pageMax = 1_000;
