import pg, { type Pool } from 'pg';
import { retry } from '../../async/retry.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { readingLevel } from '../level.ts';
import { readLicense, selectLicense } from '../tables/licenses.ts';
import { isLicenseParked, type ParkedKey, parkedLicenseByKey } from './parked-licenses.ts';
import { readDetails, type ValidationDetails, type WantedDetails } from './validation-details.ts';

/** The facts that every validation is decided on. */
export type ValidationFacts = {
  readonly facts: LicenseFacts;
  readonly revision: bigint;
  /** The version of the presented key; null when the caller named the license by its id. */
  readonly keyVersion: number | null;
  /** The organization that issued the license is closed. */
  readonly issuerClosed: boolean;
  /** Hashes of open activations in hex, at most 64. When there are `more`, call `isActivated`. */
  readonly fingerprintHashes: readonly string[];
  readonly more: boolean;
  /**
   * True when the stream must be read. Either the stream of the license, or of its issuer, has later events than the
   * rows, or a change has fallen due that no event records yet.
   */
  readonly isParked: boolean;
};

type FoundLicense = Pick<ValidationFacts, 'facts' | 'isParked'>;

export type ValidationReader = {
  /** Reads the license of a key. `hashes`: the hashes of the key by each secret. Returns null for an unknown key. */
  readonly byKey: (hashes: readonly Buffer[]) => Promise<ValidationFacts | null>;
  /** Reads a license that this organization issues or holds. Returns null for any other license. */
  readonly byId: (orgId: string, licenseId: string) => Promise<ValidationFacts | null>;
  /** Returns true when a device has an open activation. For a license with `more`. */
  readonly isActivated: (license: FoundLicense, fingerprintHash: string) => Promise<boolean>;
  /** Reads what only few validations need, in a round trip of its own. */
  readonly details: (license: FoundLicense, request: WantedDetails) => Promise<ValidationDetails>;
};

/** Reads rows, and reports when a stream has later events than they contain. */
export type ValidationRows = ValidationReader & {
  /** Reads the license of a key that the rows lack, because its event is left out. Returns null for an unknown key. */
  readonly parkedByKey: (hashes: readonly Buffer[]) => Promise<ParkedKey | null>;
  /** Returns true when the stream of a license has later events than its row, or events but no row. */
  readonly isParked: (licenseId: string) => Promise<boolean>;
};

/**
 * Reads for validation under row-level security, with one round trip per request. Requests that arrive together, or while
 * two calls run, go out together as one call. `pool` is of ledger_api.
 */
export const createValidationReader = (pool: Pool): ValidationRows => {
  let waiting: Wait[] = [];
  let callsInFlight = 0;
  let isGathering = false;

  const send = () => {
    isGathering = false;
    while (callsInFlight < callsInFlightMax && waiting.length > 0) {
      const gathered = waiting.slice(0, gatheredMax);
      waiting = waiting.slice(gatheredMax);
      callsInFlight += 1;
      void answer(pool, gathered).finally(() => {
        callsInFlight -= 1;
        send();
      });
    }
  };
  const read = (alternatives: readonly LicenseKey[]) =>
    new Promise<ValidationFacts | null>((resolve, reject) => {
      waiting.push({ alternatives, resolve, reject });
      // Everything that has arrived with this request goes out with it.
      if (!isGathering) setImmediate(send);
      isGathering = true;
    });

  return {
    byKey: (hashes) => read(hashes.map((hash) => ({ hash, orgId: null, licenseId: null }))),
    byId: (orgId, licenseId) => read([{ hash: null, orgId, licenseId }]),
    isActivated: async ({ facts: { issuerOrgId, licenseId } }, fingerprintHash) => {
      const { rows } = await readingLevel(pool, () =>
        pool.query<[boolean]>({
          name: 'is-activated',
          text: 'select rm.is_activated($1, $2, $3)',
          values: [issuerOrgId, licenseId, Buffer.from(fingerprintHash, 'hex')],
          rowMode: 'array',
        }),
      );
      return rows[0]?.[0] === true;
    },
    details: ({ facts }, request) => readingLevel(pool, () => readDetails(pool, facts, request)),
    parkedByKey: (hashes) => parkedLicenseByKey(pool, hashes),
    isParked: (licenseId) => isLicenseParked(pool, licenseId),
  };
};

const callsInFlightMax = 2;
const gatheredMax = 100;
const triesMax = 3;
/** The greatest number of fingerprints in ValidationFacts. */
export const fingerprintsMax = 64;

/** Names a license, by the hash of a key or by its id. */
type LicenseKey = { readonly hash: Buffer | null; readonly orgId: string | null; readonly licenseId: string | null };
type Wait = {
  /** The first alternative that names a license counts. */
  readonly alternatives: readonly LicenseKey[];
  readonly resolve: (facts: ValidationFacts | null) => void;
  readonly reject: (error: unknown) => void;
};

const answer = async (pool: Pool, waits: readonly Wait[]): Promise<void> => {
  try {
    const keys = waits.flatMap(({ alternatives }) => alternatives);
    const rows = await retry(
      () => readFacts(pool, keys),
      (error, failures) => (isOfBothVersions(error) && failures < triesMax ? 0 : null),
    );
    const byRequest = new Map(rows.map((row) => [row[0], row]));
    let request = 0;
    for (const wait of waits) {
      const row = wait.alternatives.map(() => byRequest.get(++request)).find((candidate) => candidate !== undefined);
      wait.resolve(row === undefined ? null : factsOf(row));
    }
  } catch (error) {
    for (const wait of waits) wait.reject(error);
  }
};

const readFacts = async (pool: Pool, keys: readonly LicenseKey[]): Promise<readonly ValidationRow[]> => {
  const { rows } = await readingLevel(pool, () =>
    pool.query<ValidationRow>({
      name: 'validation-facts',
      text: validationQuery,
      values: [keys.map(({ hash }) => hash), keys.map(({ orgId }) => orgId), keys.map(({ licenseId }) => licenseId)],
      rowMode: 'array',
    }),
  );
  return rows;
};

type ValidationRow = [
  request: number,
  keyVersion: number | null,
  issuerClosed: boolean,
  fingerprints: string | null,
  isParked: boolean,
  ...license: unknown[],
];

const factsOf = (row: ValidationRow): ValidationFacts => {
  const [, keyVersion, issuerClosed, fingerprints, isParked] = row;
  const hashes = fingerprints === null ? [] : fingerprints.split(',');
  // Every field by name: adding some to a spread copy takes Node several times as long.
  const { facts, revision } = readLicense(row, 5);
  return {
    facts,
    revision,
    keyVersion,
    issuerClosed,
    fingerprintHashes: hashes.slice(0, fingerprintsMax),
    more: hashes.length > fingerprintsMax,
    isParked,
  };
};

// Versions switched during the call. The function returns rows of one version, and has read the rows of the other.
const isOfBothVersions = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === '42804';

const validationQuery = `select request, matched_key_version, issuer_closed, fingerprints, is_parked, ${selectLicense('(license)')}
  from rm.validation_facts($1, $2, $3)`;
