import type { Catalog } from '../domain/catalog/catalog.ts';
import type { CatalogCommand, CatalogRejection } from '../domain/catalog/commands.ts';
import { catalogDecider } from '../domain/catalog/decider.ts';
import type { CatalogEvent } from '../domain/catalog/events.ts';
import type { Decider, Decision } from '../domain/decider.ts';
import type { LicenseCommand, LicenseRejection } from '../domain/license/commands.ts';
import { licenseDecider } from '../domain/license/decider.ts';
import { announcementHolder } from '../domain/license/endings.ts';
import type { LicenseEvent } from '../domain/license/events.ts';
import type { License } from '../domain/license/license.ts';
import type { OrganizationCommand, OrganizationRejection } from '../domain/organization/commands.ts';
import { organizationDecider } from '../domain/organization/decider.ts';
import type { OrganizationEvent } from '../domain/organization/events.ts';
import type { Organization } from '../domain/organization/organization.ts';
import {
  type Reservation,
  type ReservationCommand,
  type ReservationEvent,
  type ReservationRejection,
  reservationDecider,
} from '../domain/reservation/reservation.ts';
import type { Instant } from '../domain/time.ts';
import type { ChainRepaired } from '../eventstore/chain/repair-event.ts';
import type { Decoded } from '../eventstore/envelope.ts';
import type { Json, JsonObject, Recorded } from '../eventstore/event-store.ts';
import type { Moment } from '../eventstore/executor/waiting.ts';
import { decodeCatalog } from './codec-catalog.ts';
import { decodeLicense } from './codec-license.ts';
import { decodeOrganization } from './codec-organization.ts';
import { decodeReservation } from './codec-reservation.ts';
import { foldVersions } from './fold-versions.ts';
import { weighCatalog, weighLicense, weighOrganization, weighReservation } from './weights.ts';

/** The organizations that see a stream's events; they stand in every envelope. */
export type Owners = { readonly issuerOrgId: string; readonly holderOrgId: string | null };

/** What an event looks like before it is stored. */
export type Fact = { readonly type: string; readonly data: JsonObject; readonly effectiveAt?: Instant };

/** How the events of one kind of stream are folded and read, whatever commands are decided on it. */
export type Folding<Event extends Fact, State> = {
  readonly decider: Pick<Decider<never, Event, State, string>, 'initial' | 'evolve' | 'fork'>;
  /** Throws UndecodableEvent. A repair of the chain is no event of the aggregate: it does not evolve the state. */
  readonly decode: (recorded: Recorded) => Decoded<Event | ChainRepaired>;
  /** Returns the owners of an event right after it was applied, so never of an empty stream; throws when it is. */
  readonly owners: (state: State) => Owners;
  /**
   * Returns the owners of an event that announces what an earlier one has ended, before it is applied; null: of no such
   * event.
   */
  readonly earlierOwners?: (state: State, event: Event) => Owners | null;
  readonly snapshots: SnapshotRules<State>;
};

/** How folded streams are kept: in the cache of a process, and as snapshots. */
export type SnapshotRules<State> = {
  /** Names the kind of stream and the version of its fold. A snapshot of another version is ignored. */
  readonly fold: string;
  /** The part of the state that reads of the past ask for; null: none. */
  readonly facts: (state: State) => Json | null;
  /**
   * Estimates the bytes that a state takes in memory, from the sizes of its collections or the events folded into it.
   */
  readonly weigh: (state: State, events: number) => number;
};

/** A decider together with where its events are kept and how they are read. */
export type Aggregate<
  Command extends { readonly at: Instant },
  Event extends Fact,
  State,
  Code extends string,
> = Folding<Event, State> & {
  readonly decider: Decider<Command, Event, State, Code>;
  /** The stream of the aggregate with this typed id. */
  readonly stream: (id: string) => string;
};

/**
 * Returns how to decide this command on its aggregate, for `execute`: at the instant that the executor gives, which may
 * be later than the command's own.
 */
export const toDecide =
  <Command extends { readonly at: Instant }, Event extends Fact, State, Code extends string>(
    { decider }: Pick<Aggregate<Command, Event, State, Code>, 'decider'>,
    command: Command,
  ) =>
  (state: State, { at, eventIds }: Moment): Decision<Event, Code> =>
    decider.decide({ ...command, at }, state, eventIds);

/** `license-lic_…` */
export const licenseAggregate: Aggregate<LicenseCommand, LicenseEvent, License, LicenseRejection> = {
  decider: licenseDecider,
  stream: (licenseId) => `license-${licenseId}`,
  decode: decodeLicense,
  owners: (license) => {
    if (license.kind === 'unissued') throw new Error('A license without events has no owners.');
    const { issuerOrgId, holderOrgId } = license.facts;
    return { issuerOrgId, holderOrgId };
  },
  earlierOwners: (license, event) => {
    const holder = announcementHolder(license, event);
    return holder === null || license.kind === 'unissued'
      ? null
      : { issuerOrgId: license.facts.issuerOrgId, ...holder };
  },
  snapshots: {
    fold: foldVersions.license,
    facts: (license) => (license.kind === 'unissued' ? null : license.facts),
    weigh: weighLicense,
  },
};

/** `organization-org_…`; an organization owns its own stream. */
export const organizationAggregate: Aggregate<
  OrganizationCommand,
  OrganizationEvent,
  Organization,
  OrganizationRejection
> = {
  decider: organizationDecider,
  stream: (organizationId) => `organization-${organizationId}`,
  decode: decodeOrganization,
  owners: (organization) => {
    if (organization.kind === 'missing') throw new Error('An organization without events has no owners.');
    return { issuerOrgId: organization.organizationId, holderOrgId: null };
  },
  snapshots: { fold: foldVersions.organization, facts: () => null, weigh: weighOrganization },
};

/** `catalog-org_…`, by the id of the issuer, who owns it. */
export const catalogAggregate: Aggregate<CatalogCommand, CatalogEvent, Catalog, CatalogRejection> = {
  decider: catalogDecider,
  stream: (issuerOrgId) => `catalog-${issuerOrgId}`,
  decode: decodeCatalog,
  owners: (catalog) => {
    if (catalog.kind === 'unopened') throw new Error('A catalog without events has no owners.');
    return { issuerOrgId: catalog.issuerOrgId, holderOrgId: null };
  },
  snapshots: { fold: foldVersions.catalog, facts: () => null, weigh: weighCatalog },
};

/** `reservation-{kind}-{hash}`, by what `reservationId` of ids.ts makes; the issuer of what is reserved owns it. */
export const reservationAggregate: Aggregate<ReservationCommand, ReservationEvent, Reservation, ReservationRejection> =
  {
    decider: reservationDecider,
    stream: (id) => `reservation-${id}`,
    decode: decodeReservation,
    owners: (reservation) => {
      if (reservation.kind === 'unmade') throw new Error('A reservation without events has no owners.');
      return { issuerOrgId: reservation.issuerOrgId, holderOrgId: null };
    },
    snapshots: { fold: foldVersions.reservation, facts: () => null, weigh: weighReservation },
  };
