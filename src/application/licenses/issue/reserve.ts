import { licenseAggregate, reservationAggregate } from '../../../aggregates/aggregates.ts';
import { reservationId } from '../../../aggregates/derived-ids.ts';
import { deviceOf, possiblyAbandoned, useOf } from '../../../domain/reservation/abandoned.ts';
import type { ReservationCommand } from '../../../domain/reservation/reservation.ts';
import type { NeededReservation } from '../../../domain/reservation/trial.ts';
import { type Instant, plusSeconds } from '../../../domain/time.ts';
import type { Actor } from '../../../eventstore/envelope.ts';
import type { EventStore, Recorded } from '../../../eventstore/event-store.ts';
import type { Executor } from '../../../eventstore/executor/execute.ts';
import { commandContext } from '../../../eventstore/executor/waiting.ts';
import { toDecide } from '../../../eventstore/folding.ts';
import { newCommandId } from '../../../eventstore/uuids.ts';
import type { Traced } from '../../command-context.ts';
import type { Attempt } from '../../idempotent-attempt.ts';
import { isRefusal, type Refusal } from '../../refusal.ts';

/** Reads the last events of a stream. */
export type PastStore = Pick<EventStore, 'readBackwards'>;

/** The license that owns a reservation, and the request for it. */
export type Reserving = {
  readonly executor: Executor;
  /** Reads events that the fold of a license has forgotten. Null when no device is reserved. */
  readonly store: PastStore | null;
  readonly call: Pick<Traced, 'correlationId'>;
  readonly attempt: Attempt;
  readonly actor: Actor;
  readonly at: Instant;
  readonly issuerOrgId: string;
  readonly licenseId: string;
};

/**
 * Reserves everything that may be used once and does `work`. Releases its new reservations when one is taken or the
 * work is refused. Earlier reservations of the license stay, so a retry finds them. When `work` throws, its outcome is
 * unknown and nothing is released.
 */
export const withReserved = async <Answer extends object>(
  reserving: Reserving,
  needed: readonly NeededReservation[],
  work: () => Promise<Answer | Refusal>,
): Promise<Answer | Refusal> => {
  const created: string[] = [];
  const release = async (): Promise<void> => {
    for (const id of created)
      await sendToReservation(reserving, id, { type: 'Release', data: { owner: reserving.licenseId } });
  };
  for (const reservation of needed) {
    const reserved = await reserve(reserving, reservation);
    if (isRefusal(reserved)) {
      await release();
      return reserved;
    }
    if (reserved.isNew) created.push(reserved.id);
  }
  const answer = await work();
  if (isRefusal(answer)) await release();
  return answer;
};

const reserve = async (
  reserving: Reserving,
  needed: NeededReservation,
): Promise<{ readonly id: string; readonly isNew: boolean } | Refusal> => {
  const { kind } = needed;
  const { issuerOrgId, licenseId: owner } = reserving;
  const id = reservationId(needed);
  const data = { kind, issuerOrgId, owner };
  let sent = await sendToReservation(reserving, id, { type: 'Reserve', data });
  if ('rejected' in sent && sent.rejected === 'CODE_TAKEN') {
    const abandonedBy = await abandonedOwner(reserving, id, needed);
    if (abandonedBy !== null)
      sent = await sendToReservation(reserving, id, { type: 'Reserve', data: { ...data, abandonedBy } });
  }
  if (!('rejected' in sent)) return { id, isNew: sent.outcome === 'appended' };
  return sent.rejected === 'CODE_TAKEN' ? { ...sent, place: places[kind] } : sent;
};

/** Returns the owner of a reservation when its attempt died before using it, or it is no longer used. Else null. */
export const abandonedOwner = async (
  { executor, store, at }: Reserving,
  id: string,
  needed: NeededReservation,
): Promise<string | null> => {
  const abandoned = await executor.read(reservationAggregate, id, (reservation) => possiblyAbandoned(reservation, at));
  if (abandoned === null) return null;
  const { owner, since } = abandoned;
  const use = await executor.read(licenseAggregate, owner, (license) => useOf(needed, license, since, at));
  if (use === 'unused') return owner;
  if (use === 'used' || store === null) return null;
  return (await wasActivated(store, owner, deviceOf(needed), since)) ? null : owner;
};

/** Returns true when the stream says that the license was activated on the device after the reservation. */
const wasActivated = async (
  store: PastStore,
  licenseId: string,
  fingerprintHash: string,
  since: Instant,
): Promise<boolean> => {
  const stream = licenseAggregate.stream(licenseId);
  // Another process with a slower clock may have recorded the activation.
  const earliest = plusSeconds(since, -clockMarginSeconds);
  let from: bigint | 'end' = 'end';
  for (;;) {
    const page: readonly Recorded[] = await store.readBackwards(stream, from, pageMax);
    for (const recorded of page) {
      if (String(recorded.metadata.recordedAt) < earliest) return false;
      if (recorded.type !== 'ActivationRecorded') continue;
      const { event } = licenseAggregate.decode(recorded);
      if (event.type === 'ActivationRecorded' && event.data.fingerprintHash === fingerprintHash) return true;
    }
    const last = page.at(-1);
    if (last === undefined || last.revision === 0n) return false;
    from = last.revision - 1n;
  }
};

type Unsent<Command> = Command extends { readonly at: Instant } ? Omit<Command, 'at'> : never;

/** Sends a command to the stream of a reservation for a license. */
export const sendToReservation = (
  { executor, call, attempt, actor, at }: Reserving,
  id: string,
  command: Unsent<ReservationCommand>,
) =>
  executor.execute(reservationAggregate, id, toDecide(reservationAggregate, { ...command, at }), {
    context: commandContext({
      // The owner makes a repeated command harmless. With the same id a released reservation could not be taken again.
      at,
      commandId: newCommandId(),
      requestHash: attempt.requestHash,
      actor,
      correlationId: call.correlationId,
      causationId: attempt.commandId,
    }),
    view: () => null,
  });

const clockMarginSeconds = 3_600;
const pageMax = 500;

/** The member of the input that a taken reservation is about. */
const places = {
  trial_holder: ['holderOrganizationId'],
  trial_device: ['fingerprint'],
  trial_address: ['trialAddress'],
  replacement: ['replaces'],
  offer: ['holderOrganizationId'],
  device_policy: ['fingerprint'],
  device_product: ['fingerprint'],
  device_issuer: ['fingerprint'],
} as const;
