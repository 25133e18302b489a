import { wasReleased } from '../../domain/license/devices.ts';
import { repeatedSeconds } from '../../domain/license/forget.ts';
import type { License } from '../../domain/license/license.ts';
import type { Reservation, ReservationCommand } from '../../domain/reservation/reservation.ts';
import type { NeededReservation } from '../../domain/reservation/trial.ts';
import { type Instant, plusSeconds } from '../../domain/time.ts';
import { licenseAggregate, reservationAggregate, toDecide } from '../../eventstore/aggregate.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import type { EventStore, Recorded } from '../../eventstore/event-store.ts';
import type { Executor } from '../../eventstore/execute.ts';
import { newCommandId, reservationId } from '../../eventstore/ids.ts';
import { commandContext } from '../../eventstore/waiting.ts';
import type { Attempt } from '../idempotency.ts';
import { isProblem, type Problem, problem, refused } from '../problems.ts';
import type { Call } from '../route.ts';

/** What reads the last events of a stream. */
export type PastStore = Pick<EventStore, 'readBackwards'>;

/** For whom something is reserved: the license is what holds it. */
export type Reserving = {
  readonly executor: Executor;
  /** Where the past of a license is read that its fold has forgotten; null where no device is reserved. */
  readonly store: PastStore | null;
  readonly call: Call;
  readonly attempt: Attempt;
  readonly actor: Actor;
  readonly at: Instant;
  readonly issuerOrgId: string;
  readonly licenseId: string;
};

/**
 * Does `work` with everything reserved that may be had once, and releases what it has reserved when one of them is
 * taken or the work comes to a problem. What the license held before stays its own: so a retry finds its reservations.
 * Where `work` throws, its outcome is unknown and nothing is released.
 */
export const withReserved = async <Answer extends object>(
  reserving: Reserving,
  needed: readonly NeededReservation[],
  work: () => Promise<Answer | Problem>,
): Promise<Answer | Problem> => {
  const made: string[] = [];
  const release = async (): Promise<void> => {
    for (const id of made) await send(reserving, id, { type: 'Release', data: { owner: reserving.licenseId } });
  };
  for (const each of needed) {
    const reserved = await reserve(reserving, each);
    if (isProblem(reserved)) {
      await release();
      return reserved;
    }
    if (reserved.isNew) made.push(reserved.id);
  }
  const answer = await work();
  if (isProblem(answer)) await release();
  return answer;
};

const reserve = async (
  reserving: Reserving,
  needed: NeededReservation,
): Promise<{ readonly id: string; readonly isNew: boolean } | Problem> => {
  const { kind } = needed;
  const { issuerOrgId, licenseId: owner } = reserving;
  const id = reservationId(needed);
  const data = { kind, issuerOrgId, owner };
  let sent = await send(reserving, id, { type: 'Reserve', data });
  if ('rejected' in sent && sent.rejected === 'CODE_TAKEN') {
    const abandonedBy = await abandonedOwner(reserving, id, needed);
    if (abandonedBy !== null) sent = await send(reserving, id, { type: 'Reserve', data: { ...data, abandonedBy } });
  }
  if (!('rejected' in sent)) return { id, isNew: sent.outcome === 'appended' };
  const { rejected, detail } = sent;
  return rejected === 'CODE_TAKEN' ? problem(rejected, detail, [{ pointer: pointers[kind], detail }]) : refused(sent);
};

/**
 * The owner of a reservation that was made a while ago, by an attempt that died before it had used it; else null. An attempt
 * gives up long before.
 */
const abandonedOwner = async (
  { executor, store, at }: Reserving,
  id: string,
  needed: NeededReservation,
): Promise<string | null> => {
  const held = await executor.read(reservationAggregate, id, heldBy);
  if (held === null || plusSeconds(held.since, abandonedAfterSeconds) > at) return null;
  const { owner, since } = held;
  const use = await executor.read(licenseAggregate, owner, (license) => useIn(license, needed, since, at));
  if (use === 'unused') return owner;
  if (use === 'used' || store === null) return null;
  return (await wasActivated(store, owner, deviceOf(needed), since)) ? null : owner;
};

const heldBy = (reservation: Reservation) =>
  reservation.kind === 'made' && reservation.owner !== null
    ? { owner: reservation.owner, since: reservation.since }
    : null;

/** `forgotten`: the license has no such device now, and may have had it. Released devices are known for a time only. */
const useIn = (
  license: License,
  needed: NeededReservation,
  since: Instant,
  at: Instant,
): 'used' | 'unused' | 'forgotten' => {
  if (license.kind === 'unissued') return 'unused';
  const fingerprintHash = deviceOf(needed);
  if (needed.kind !== 'trial_device' || license.byFingerprint.has(fingerprintHash)) return 'used';
  if (wasReleased(license, fingerprintHash, at)) return 'used';
  return at >= plusSeconds(since, repeatedSeconds) ? 'forgotten' : 'unused';
};

const deviceOf = ({ fields }: NeededReservation): string => fields.at(-1) ?? '';

/** Returns true when the stream says that the license was put on the device after it had reserved it. */
const wasActivated = async (
  store: PastStore,
  licenseId: string,
  fingerprintHash: string,
  since: Instant,
): Promise<boolean> => {
  const stream = licenseAggregate.stream(licenseId);
  // Another process, with a slower clock, may have recorded the activation.
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

const send = ({ executor, call, attempt, actor, at }: Reserving, id: string, command: Unsent<ReservationCommand>) =>
  executor.execute(
    reservationAggregate,
    id,
    toDecide(reservationAggregate, { ...command, at }),
    commandContext({
      // Whose a reservation is makes a repeated command harmless; the same id could not reserve again what was released.
      ...{ at, commandId: newCommandId(), requestHash: attempt.requestHash, actor },
      correlationId: call.correlationId,
      causationId: attempt.commandId,
    }),
    () => null,
  );

const abandonedAfterSeconds = 60;
const clockMarginSeconds = 3_600;
const pageMax = 500;

/** Where in the body of issuing and of activating stands who has had it. */
const pointers = {
  trial_holder: '/holderOrganizationId',
  trial_device: '/fingerprint',
  replacement: '/replaces',
} as const;
