import type { Lease, License, LicenseFacts } from '../../domain/license/license.ts';
import { isApplication } from '../../domain/license/license-authority.ts';
import type { Validation } from '../../domain/license/validation/validity.ts';
import type { Instant } from '../../domain/time.ts';
import type { ClientRequest } from '../client-license.ts';
import type { NamedDeviceHash, NamedScope } from '../validation/validation-input.ts';
import { denialOf } from './denial-of.ts';
import type { Observations } from './observations.ts';

/** The needs of noting what clients do. */
export type ObservingNeeds = { readonly observations: Observations };

/**
 * A validation of a license by an application, and what it named. `clientNetwork` is called only when its result is
 * kept.
 */
export type NotedValidation = {
  readonly facts: LicenseFacts;
  readonly named: NamedScope;
  readonly device: NamedDeviceHash;
  readonly clientNetwork: () => string;
  readonly at: Instant;
};

/** Returns the fingerprint hash of the active device that holds a seat. Returns null for every other holder. */
export const deviceHolding = (license: License, lease: Lease | undefined): string | null =>
  license.kind !== 'unissued' && lease !== undefined && license.byFingerprint.has(lease.holderHash)
    ? lease.holderHash
    : null;

/** A contact of a client. `device`: the hash of its open activation; null: it has none. */
type Contact = {
  readonly facts: LicenseFacts;
  readonly device: string | null;
  readonly version: string | null;
  readonly product: string | null;
  readonly at: Instant;
};

/** Notes the contact of an active device. Notes nothing when a member of an organization sent the request. */
export const noteContact = (
  { observations }: ObservingNeeds,
  { by }: Pick<ClientRequest, 'by'>,
  { facts, device, version, product, at }: Contact,
): void => {
  if (device === null || !isApplication(by)) return;
  observations.sawDevice(facts, { fingerprintHash: device, version, product, at });
};

/**
 * Notes a validation by an application: its count, the contact of its device, and its denial. A key that no longer
 * works is denied, and counts as no validation of the license.
 */
export const noteValidation = (
  { observations }: ObservingNeeds,
  { facts, named, device, clientNetwork, at }: NotedValidation,
  { valid, code }: Pick<Validation, 'valid' | 'code'>,
): void => {
  const { product: namedProduct, version: namedVersion } = named;
  const version = typeof namedVersion === 'object' ? namedVersion.number : (namedVersion ?? null);
  if (code !== 'KEY_ROTATED') {
    // Clients may name anything as a product. Only products of the license get rows.
    const product = namedProduct !== undefined && facts.products.includes(namedProduct) ? namedProduct : null;
    observations.validated(facts, { product, valid, at });
    if (device.active !== null) {
      observations.sawDevice(facts, { fingerprintHash: device.active, version, product, at });
    }
  }
  if (valid) return;
  const client = { product: namedProduct ?? null, version, fingerprintHash: device.named, clientNetwork };
  observations.denied(denialOf(facts, client, { code, deniedAt: at }));
};
