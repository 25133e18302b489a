import type { Catalog } from '../domain/catalog/catalog.ts';
import type { CatalogCommand, CatalogRejection } from '../domain/catalog/commands.ts';
import { catalogDecider } from '../domain/catalog/decider.ts';
import type { CatalogEvent } from '../domain/catalog/events.ts';
import {
  type IssuerLog,
  type IssuerLogCommand,
  type IssuerLogEvent,
  type IssuerLogRejection,
  issuerLogDecider,
} from '../domain/issuer-log/issuer-log.ts';
import type { LicenseCommand, LicenseRejection } from '../domain/license/commands.ts';
import { licenseDecider } from '../domain/license/decider.ts';
import { announcementHolder } from '../domain/license/endings/ending-counts.ts';
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
import type { Aggregate } from '../eventstore/folding.ts';
import { parseOrigin } from '../proof/notes/log-origins.ts';
import { decodeCatalog } from './codec-catalog.ts';
import { decodeIssuerLog } from './codec-issuer-log.ts';
import { decodeLicense } from './codec-license.ts';
import { decodeOrganization } from './codec-organization.ts';
import { decodeReservation } from './codec-reservation.ts';
import { foldVersions } from './fold-versions.ts';
import { noteChecks } from './note-checks.ts';
import { upcasters } from './upcasters.ts';
import { weighCatalog, weighIssuerLog, weighLicense, weighOrganization, weighReservation } from './weights.ts';

/** Licenses, in streams `license-lic_…`. */
export const licenseAggregate: Aggregate<LicenseCommand, LicenseEvent, License, LicenseRejection> = {
  decider: licenseDecider,
  stream: (licenseId) => `license-${licenseId}`,
  decode: decodeLicense,
  upcasters,
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

/** Organizations, in streams `organization-org_…`. An organization owns its stream. */
export const organizationAggregate: Aggregate<
  OrganizationCommand,
  OrganizationEvent,
  Organization,
  OrganizationRejection
> = {
  decider: organizationDecider,
  stream: (organizationId) => `organization-${organizationId}`,
  decode: decodeOrganization,
  upcasters,
  owners: (organization) => {
    if (organization.kind === 'missing') throw new Error('An organization without events has no owners.');
    return { issuerOrgId: organization.organizationId, holderOrgId: null };
  },
  snapshots: { fold: foldVersions.organization, facts: () => null, weigh: weighOrganization },
};

/** Catalogs, in streams `catalog-org_…` by the id of the issuer, which owns the stream. */
export const catalogAggregate: Aggregate<CatalogCommand, CatalogEvent, Catalog, CatalogRejection> = {
  decider: catalogDecider,
  stream: (issuerOrgId) => `catalog-${issuerOrgId}`,
  decode: decodeCatalog,
  upcasters,
  owners: (catalog) => {
    if (catalog.kind === 'unopened') throw new Error('A catalog without events has no owners.');
    return { issuerOrgId: catalog.issuerOrgId, holderOrgId: null };
  },
  snapshots: { fold: foldVersions.catalog, facts: () => null, weigh: weighCatalog },
};

/**
 * Reservations, in streams `reservation-{kind}-{hash}` by the id that `reservationId` returns. The issuer owns the
 * stream.
 */
export const reservationAggregate: Aggregate<ReservationCommand, ReservationEvent, Reservation, ReservationRejection> =
  {
    decider: reservationDecider,
    stream: (id) => `reservation-${id}`,
    decode: decodeReservation,
    upcasters,
    owners: (reservation) => {
      if (reservation.kind === 'unmade') throw new Error('A reservation without events has no owners.');
      return { issuerOrgId: reservation.issuerOrgId, holderOrgId: null };
    },
    snapshots: { fold: foldVersions.reservation, facts: () => null, weigh: weighReservation },
  };

/** What the notary signed for the logs of issuers, in streams `checkpoint-org_…`. The issuer owns the stream. */
export const issuerLogAggregate: Aggregate<IssuerLogCommand, IssuerLogEvent, IssuerLog, IssuerLogRejection> = {
  decider: issuerLogDecider(noteChecks),
  stream: (organizationId) => `checkpoint-${organizationId}`,
  decode: decodeIssuerLog,
  upcasters,
  owners: (log) => {
    if (log.kind === 'unstarted') throw new Error('A log without events has no owners.');
    return { issuerOrgId: parseOrigin(log.origin).organizationId, holderOrgId: null };
  },
  snapshots: { fold: foldVersions.issuerLog, facts: () => null, weigh: weighIssuerLog },
};
