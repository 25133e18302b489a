import { type At, type Decider, type Decision, reject } from '../decider.ts';
import type { Instant } from '../time.ts';

// One stream per thing that may be had once across streams, named by its kind and a hash of the thing: what the thing is
// stands in no event.

/** Lists what is reserved: a trial of a product by a holder organization, or on a device; the place of a revoked license. */
export const reservationKinds = ['trial_holder', 'trial_device', 'replacement'] as const;
export type ReservationKind = (typeof reservationKinds)[number];

// Events, version 1: add, never rename or repurpose. `owner`: the id of what holds the reservation, as a license's.
export type ReservationEvent =
  | {
      readonly type: 'ReservationMade';
      readonly data: { readonly kind: ReservationKind; readonly issuerOrgId: string; readonly owner: string };
    }
  | { readonly type: 'ReservationReleased'; readonly data: { readonly owner: string } };

type Command<Type extends string, Data> = { readonly type: Type; readonly data: Data; readonly at: Instant };

/** Commands of the reservation stream. `at` is the server's clock, read once per command. */
export type ReservationCommand =
  /** `abandonedBy`: an owner that the caller has found to have made nothing of its reservation. */
  | Command<
      'Reserve',
      {
        readonly kind: ReservationKind;
        readonly issuerOrgId: string;
        readonly owner: string;
        readonly abandonedBy?: string;
      }
    >
  | Command<'Release', { readonly owner: string }>;

/** Why a reservation command is refused; each has its HTTP meaning in src/api/problems/problems.ts. */
export type ReservationRejection = 'CODE_TAKEN' | 'NOT_FOUND';

/** The state of a reservation stream. `owner` null: released, so free again. `since`: when it was made last. */
export type Reservation =
  | { readonly kind: 'unmade' }
  | { readonly kind: 'made'; readonly issuerOrgId: string; readonly owner: string | null; readonly since: Instant };

const decide = (
  command: ReservationCommand,
  reservation: Reservation,
): Decision<ReservationEvent, ReservationRejection> => {
  const holder = reservation.kind === 'unmade' ? null : reservation.owner;
  switch (command.type) {
    case 'Reserve': {
      const { kind, issuerOrgId, owner, abandonedBy } = command.data;
      if (holder === owner) return [];
      const made = { type: 'ReservationMade', data: { kind, issuerOrgId, owner } } as const;
      if (holder === null) return [made];
      return holder === abandonedBy
        ? [{ type: 'ReservationReleased', data: { owner: holder } }, made]
        : reject('CODE_TAKEN', taken[kind]);
    }
    case 'Release': {
      const { owner } = command.data;
      if (reservation.kind === 'unmade') return reject('NOT_FOUND', 'Nothing was ever reserved here.');
      // A release that comes late, or twice, must not free what somebody else holds by now.
      return holder === owner ? [{ type: 'ReservationReleased', data: { owner } }] : [];
    }
  }
};

const evolve = (reservation: Reservation, event: ReservationEvent, { recordedAt }: At): Reservation => {
  switch (event.type) {
    case 'ReservationMade': {
      const { issuerOrgId, owner } = event.data;
      return { kind: 'made', issuerOrgId, owner, since: recordedAt };
    }
    case 'ReservationReleased':
      return reservation.kind === 'unmade' ? reservation : { ...reservation, owner: null };
  }
};

/** The reservation stream: who has what can be had once. */
export const reservationDecider: Decider<ReservationCommand, ReservationEvent, Reservation, ReservationRejection> = {
  initial: () => ({ kind: 'unmade' }),
  decide,
  evolve,
  fork: (reservation) => reservation,
};

const taken: Readonly<Record<ReservationKind, string>> = {
  trial_holder: 'This organization has had its trial of this product.',
  trial_device: 'This product was tried on this device already.',
  replacement: 'Another license was issued in the place of this one.',
};
