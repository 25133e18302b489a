import { type At, type Decider, type Decision, reject } from '../decider.ts';
import type { Instant } from '../time.ts';

// A reservation stream exists for each thing that may exist only once across streams. A hash of the thing and its
// kind name the stream, so no event contains the thing itself.

/**
 * Lists what can be reserved: a trial of a product, per holder, per device and per e-mail address, the replacement of a revoked license,
 * and a place among the open offers of an issuer to a holder.
 */
export const reservationKinds = ['trial_holder', 'trial_device', 'trial_address', 'replacement', 'offer'] as const;
export type ReservationKind = (typeof reservationKinds)[number];

/** Events, version 1: add, never rename or repurpose. `owner`: the id of the license with the reservation. */
export type ReservationEvent =
  | {
      readonly type: 'ReservationMade';
      readonly data: { readonly kind: ReservationKind; readonly issuerOrgId: string; readonly owner: string };
    }
  | { readonly type: 'ReservationReleased'; readonly data: { readonly owner: string } };

type Command<Type extends string, Data> = { readonly type: Type; readonly data: Data; readonly at: Instant };

/** Commands of the reservation stream. `at` is the server's clock, read once per command. */
export type ReservationCommand =
  /**
   * `abandonedBy`: an owner that does not use its reservation, as the caller has checked. It may be `owner` itself, which
   * then reserves anew.
   */
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

/** Why a reservation command is refused. `src/api/problems/problems.ts` has the HTTP meaning of each. */
export type ReservationRejection = 'CODE_TAKEN' | 'NOT_FOUND';

/**
 * The state of a reservation stream. `owner` null: released, so free again. `since`: the start of the last
 * reservation.
 */
export type Reservation =
  | { readonly kind: 'unmade' }
  | { readonly kind: 'made'; readonly issuerOrgId: string; readonly owner: string | null; readonly since: Instant };

const decide = (
  command: ReservationCommand,
  reservation: Reservation,
): Decision<ReservationEvent, ReservationRejection> => {
  const currentOwner = reservation.kind === 'unmade' ? null : reservation.owner;
  switch (command.type) {
    case 'Reserve': {
      const { kind, issuerOrgId, owner, abandonedBy } = command.data;
      if (currentOwner === owner && abandonedBy !== owner) return [];
      const reserved = { type: 'ReservationMade', data: { kind, issuerOrgId, owner } } as const;
      if (currentOwner === null) return [reserved];
      return currentOwner === abandonedBy
        ? [{ type: 'ReservationReleased', data: { owner: currentOwner } }, reserved]
        : reject('CODE_TAKEN', conflicts[kind]);
    }
    case 'Release': {
      const { owner } = command.data;
      if (reservation.kind === 'unmade') return reject('NOT_FOUND', 'Nothing was ever reserved here.');
      // A late or repeated release must not free the reservation of another owner.
      return currentOwner === owner ? [{ type: 'ReservationReleased', data: { owner } }] : [];
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

/** Decides and folds the reservation stream: the owner of something that may exist only once. */
export const reservationDecider: Decider<ReservationCommand, ReservationEvent, Reservation, ReservationRejection> = {
  initial: () => ({ kind: 'unmade' }),
  decide,
  evolve,
  fork: (reservation) => reservation,
};

const conflicts: Readonly<Record<ReservationKind, string>> = {
  trial_holder: 'This organization has had its trial of this product.',
  trial_device: 'This product was tried on this device already.',
  trial_address: 'The owner of this e-mail address, or of a variation of it, has tried this product already.',
  replacement: 'Another license replaces this one already.',
  offer: 'Another offer has this place.',
};
