import type { Pool } from 'pg';
import type { IssuedLicense, LicenseFacts } from '../../domain/license/license.ts';
import { isUnsettled } from '../../domain/license/settle.ts';
import type { Instant } from '../../domain/time.ts';
import type { Executor } from '../../eventstore/executor/execute.ts';
import { productScope } from '../../postgres/product-scope.ts';
import type { ValidationFacts, ValidationReader, ValidationRows } from '../../projections/queries/validation.ts';
import { isVisible } from './is-visible.ts';
import { detailsOfStream, factsOfStream } from './license-validations.ts';
import { isClosed } from './parked-license.ts';
import { createSettledLicenses, type SettledLicense, type SettledLicenses } from './settled-licenses.ts';

type Needs = { readonly executor: Executor; readonly pool: Pool; readonly now: () => Instant };

/**
 * Returns what reads licenses for validation from rows. It reads the stream instead for a license with a parked stream,
 * or with a change that has fallen due and is not recorded yet. The stream then has its key, devices, seats and users,
 * too. It reads the stream once per validation, and for an unrecorded change only when the row is newer than the last
 * reading.
 */
export const createCurrentValidations = (rows: ValidationRows, needs: Needs): ValidationReader => {
  const reading: Reading = { rows, needs, licenses: createSettledLicenses(needs.executor), read: new WeakMap() };
  return {
    byKey: (hashes) => licenseByKey(reading, hashes),
    byId: (organizationId, licenseId) => licenseById(reading, organizationId, licenseId),
    isActivated: async (license, fingerprintHash) => {
      const current = license.isParked ? await licenseOf(reading, license.facts) : null;
      return current === null
        ? !license.isParked && rows.isActivated(license, fingerprintHash)
        : current.byFingerprint.has(fingerprintHash);
    },
    details: async (license, needed) => {
      const current = license.isParked ? await licenseOf(reading, license.facts) : null;
      return current === null ? rows.details(license, needed) : detailsOfStream(needs.pool, current, needed);
    },
  };
};

/** `read`: the whole license of facts that were read from a stream, so that all of an answer is of one state. */
type Reading = {
  readonly rows: ValidationRows;
  readonly needs: Needs;
  readonly licenses: SettledLicenses;
  readonly read: WeakMap<LicenseFacts, IssuedLicense>;
};

const licenseOf = async ({ read, licenses, needs }: Reading, facts: LicenseFacts): Promise<IssuedLicense | null> =>
  read.get(facts) ?? (await licenses.read(facts.licenseId, needs.now()))?.license ?? null;

const licenseByKey = async (reading: Reading, hashes: readonly Buffer[]): Promise<ValidationFacts | null> => {
  const { rows } = reading;
  const license = await rows.byKey(hashes);
  if (license !== null) return current(reading, license);
  const parked = await rows.parkedByKey(hashes);
  if (parked !== null) return fromStream(reading, parked.licenseId, parked.keyVersion);
  // A replay may have added the key to the rows between the two reads.
  return current(reading, await rows.byKey(hashes));
};

const licenseById = async (
  reading: Reading,
  organizationId: string,
  licenseId: string,
): Promise<ValidationFacts | null> => {
  const { rows } = reading;
  const license = await rows.byId(organizationId, licenseId);
  const read =
    license === null && (await rows.isParked(licenseId))
      ? await fromStream(reading, licenseId, null)
      : // A replay may have added the license to the rows between the two reads.
        await current(reading, license ?? (await rows.byId(organizationId, licenseId)));
  return read !== null && isVisible(read.facts, organizationId, productScope()) ? read : null;
};

const current = async (reading: Reading, license: ValidationFacts | null): Promise<ValidationFacts | null> => {
  if (license === null) return null;
  const { facts, isParked, keyVersion, revision } = license;
  if (isParked) return fromStream(reading, facts.licenseId, keyVersion);
  const at = reading.needs.now();
  if (!isUnsettled(facts, at)) return license;
  const settled = await reading.licenses.since(facts.licenseId, revision, at);
  return settled === null ? null : validationFactsOf(reading, settled, license);
};

const fromStream = async (
  reading: Reading,
  licenseId: string,
  keyVersion: number | null,
): Promise<ValidationFacts | null> => {
  const { licenses, needs } = reading;
  const settled = await licenses.read(licenseId, needs.now());
  if (settled === null) return null;
  const issuerClosed = await isClosed(needs.executor, settled.license.facts.issuerOrgId);
  return validationFactsOf(reading, settled, { keyVersion, issuerClosed });
};

const validationFactsOf = (
  { read }: Reading,
  settled: SettledLicense,
  known: Pick<ValidationFacts, 'keyVersion' | 'issuerClosed'>,
): ValidationFacts => {
  read.set(settled.license.facts, settled.license);
  return factsOfStream(settled, known);
};
