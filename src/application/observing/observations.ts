import type { LicenseFacts } from '../../domain/license/license.ts';
import type { Instant } from '../../domain/time.ts';
import type { DeviceSighting } from '../../records/device-sightings.ts';
import { denialsMax, type NewDenial } from '../../records/license-denials.ts';
import type { ValidationCount } from '../../records/validation-counts.ts';
import { createBoundedEntries, type EntryBounds } from './bounded-entries.ts';

/** The kinds of observations. */
export const observationKinds = ['validations', 'devices', 'denials'] as const;
export type ObservationKind = (typeof observationKinds)[number];

type Observed = Pick<LicenseFacts, 'issuerOrgId' | 'holderOrgId' | 'licenseId'>;

/** What a validation counts as. `product`: a product of the license, or null. */
export type ObservedValidation = { readonly product: string | null; readonly valid: boolean; readonly at: Instant };

/** A contact of an active device. `version` and `product` are null when it named none. */
export type ObservedContact = {
  readonly fingerprintHash: string;
  readonly version: string | null;
  readonly product: string | null;
  readonly at: Instant;
};

/** All observations that a process has not written yet. */
export type Unwritten = {
  readonly validations: readonly ValidationCount[];
  readonly devices: readonly DeviceSighting[];
  readonly denials: readonly NewDenial[];
};

/**
 * What this process has observed of use and not written yet. Noting waits for nothing and never throws. At a bound, the
 * newest observation is dropped and counted.
 */
export type Observations = {
  readonly validated: (license: Observed, validation: ObservedValidation) => void;
  readonly sawDevice: (license: Observed, contact: ObservedContact) => void;
  readonly denied: (denial: NewDenial) => void;
  /** Removes all observations and returns them. */
  readonly takeAll: () => Unwritten;
};

// A few seconds of one process. A process that cannot write holds twice as much at most: about 50 MB at the bounds.
const standardBounds: Readonly<Record<ObservationKind, EntryBounds>> = {
  validations: { processMax: 50_000, tenantMax: 20_000 },
  devices: { processMax: 50_000, tenantMax: 20_000 },
  denials: { processMax: 10_000, tenantMax: 2_000 },
};

/** Creates the observations of a process. `onDropped` counts what is dropped. */
export const createObservations = (
  onDropped: (kind: ObservationKind) => void,
  bounds: Readonly<Record<ObservationKind, EntryBounds>> = standardBounds,
): Observations => {
  const entriesOf = <Entry>(kind: ObservationKind) => createBoundedEntries<Entry>(bounds[kind], () => onDropped(kind));
  const counts = entriesOf<ValidationCount>('validations');
  const sightings = entriesOf<DeviceSighting>('devices');
  const denials = entriesOf<NewDenial>('denials');
  let denialsByLicense = new Map<string, number>();
  return {
    validated: ({ issuerOrgId, holderOrgId, licenseId }, { product, valid, at }) => {
      const day = at.slice(0, dayLength);
      const key = `${licenseId} ${day} ${product ?? ''} ${holderOrgId ?? ''}`;
      const count = counts.get(key);
      const denied = valid ? 0 : 1;
      if (count === undefined) {
        const owner = { issuerOrgId, holderOrgId, licenseId };
        counts.add(issuerOrgId, key, { ...owner, day, product, validations: 1, denied, lastValidatedAt: at });
        return;
      }
      count.validations += 1;
      count.denied += denied;
      if (at > count.lastValidatedAt) count.lastValidatedAt = at;
    },
    sawDevice: ({ issuerOrgId, holderOrgId, licenseId }, { fingerprintHash, version, product, at }) => {
      const key = `${licenseId} ${fingerprintHash}`;
      const sighting = sightings.get(key);
      if (sighting === undefined) {
        const owner = { issuerOrgId, holderOrgId, licenseId };
        sightings.add(issuerOrgId, key, { ...owner, fingerprintHash, lastSeenAt: at, version, product });
        return;
      }
      if (at > sighting.lastSeenAt) sighting.lastSeenAt = at;
      // A new holder does not see what the device named for an earlier one.
      const isOfHolder = sighting.holderOrgId === holderOrgId;
      sighting.holderOrgId = holderOrgId;
      if (version !== null || !isOfHolder) sighting.version = version;
      if (product !== null || !isOfHolder) sighting.product = product;
    },
    denied: (denial) => {
      const { issuerOrgId, licenseId, code, device, deniedAt } = denial;
      const key = `${licenseId} ${code} ${device ?? ''} ${deniedAt.slice(0, minuteLength)}`;
      if (denials.get(key) !== undefined) return;
      // The table keeps at most so many of a license. More of them would take room from other licenses.
      const ofLicense = denialsByLicense.get(licenseId) ?? 0;
      if (ofLicense >= denialsMax) return onDropped('denials');
      denials.add(issuerOrgId, key, denial);
      if (denials.get(key) !== undefined) denialsByLicense.set(licenseId, ofLicense + 1);
    },
    takeAll: () => {
      denialsByLicense = new Map();
      return { validations: counts.takeAll(), devices: sightings.takeAll(), denials: denials.takeAll() };
    },
  };
};

/** Observes nothing, for a program without a writer. */
export const noObservations: Observations = {
  validated: () => undefined,
  sawDevice: () => undefined,
  denied: () => undefined,
  takeAll: () => ({ validations: [], devices: [], denials: [] }),
};

// Instants are texts such as 2027-01-31T00:00:00.000Z, in UTC.
const dayLength = 10;
const minuteLength = 16;
