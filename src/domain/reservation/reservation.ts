import { type At, type Decider, type Decision, reject } from '../decider.ts';
import type { Instant } from '../time.ts';

// A reservation stream exists for each thing that may exist only once across streams. A hash of the thing and its
// kind name the stream, so no event contains the thing itself.

/**
 * Lists what can be reserved: a trial of a product, per holder, per device and per e-mail address, and the replacement
 * of a revoked license. Also a place among the open offers of an issuer to a holder, and a device among the licenses of
 * a policy, a product or an issuer.
 */
export const reservationKinds = [
  'trial_holder',
  'trial_device',
  'trial_address',
  'replacement',
  'offer',
  'device_policy',
  'device_product',
  'device_issuer',
] as const;
export type ReservationKind = (typeof reservationKinds)[number];

/** Events, version 1: add, never rename or repurpose. `owner`: the id of the license with the reservation. */
export type ReservationEvent =
  | {
      readonly type: 'ReservationMade';
      readonly data: {
        readonly kind: ReservationKind;
        readonly issuerOrgId: string;
        readonly owner: string;
        /** The activation that a device was reserved for. Absent: the reservation is for no activation. */
        readonly activationId?: string;
      };
    }
  | { readonly type: 'ReservationReleased'; readonly data: { readonly owner: string } };

type Command<Type extends string, Data> = { readonly type: Type; readonly data: Data; readonly at: Instant };

/** Commands of the reservation stream. `at` is the server's clock, read once per command. */
export type ReservationCommand =
  /**
   * `abandonedBy`: an owner that does not use its reservation, as the caller has checked. It may be `owner` itself, which
   * then reserves anew. `abandonedAs`: the reservation that the caller has checked; absent: any of that owner.
   */
  | Command<
      'Reserve',
      {
        readonly kind: ReservationKind;
        readonly issuerOrgId: string;
        readonly owner: string;
        readonly activationId?: string;
        readonly abandonedBy?: string;
        readonly abandonedAs?: { readonly since: Instant; readonly activationId: string | null };
      }
    >
  | Command<'Release', { readonly owner: string }>;

/** Why a reservation command is refused. `src/api/problems/problems.ts` has the HTTP meaning of each. */
export type ReservationRejection = 'CODE_TAKEN' | 'NOT_FOUND';

/**
 * The state of a reservation stream. `owner` null: released, so free again. `since`: the start of the last
 * reservation. `activationId`: the activation that it is for; null: for none.
 */
export type Reservation =
  | { readonly kind: 'unmade' }
  | {
      readonly kind: 'made';
      readonly issuerOrgId: string;
      readonly owner: string | null;
      readonly since: Instant;
      readonly activationId: string | null;
    };

const decide = (
  command: ReservationCommand,
  reservation: Reservation,
): Decision<ReservationEvent, ReservationRejection> => {
  const currentOwner = reservation.kind === 'unmade' ? null : reservation.owner;
  switch (command.type) {
    case 'Reserve': {
      const { kind, issuerOrgId, owner, activationId } = command.data;
      const isAbandoned = isAbandonedAs(reservation, command.data);
      if (currentOwner === owner && !isAbandoned) return [];
      const about = activationId === undefined ? {} : { activationId };
      const reserved = { type: 'ReservationMade', data: { kind, issuerOrgId, owner, ...about } } as const;
      if (currentOwner === null) return [reserved];
      return isAbandoned
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

type Reserve = Extract<ReservationCommand, { type: 'Reserve' }>['data'];

const isAbandonedAs = (reservation: Reservation, { abandonedBy, abandonedAs }: Reserve): boolean =>
  reservation.kind === 'made' &&
  reservation.owner === abandonedBy &&
  (abandonedAs === undefined ||
    (reservation.since === abandonedAs.since && reservation.activationId === abandonedAs.activationId));

const evolve = (reservation: Reservation, event: ReservationEvent, { recordedAt }: At): Reservation => {
  switch (event.type) {
    case 'ReservationMade': {
      const { issuerOrgId, owner, activationId = null } = event.data;
      return { kind: 'made', issuerOrgId, owner, since: recordedAt, activationId };
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
  device_policy: 'Another license of this policy has this device.',
  device_product: 'Another license of this product has this device.',
  device_issuer: 'Another license of this issuer has this device.',
};
