import pg, { type Pool } from 'pg';
import { retry } from '../../async/retry.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { readingLevel } from '../level.ts';
import { readLicense, selectLicense } from '../tables/licenses.ts';
import { isLicenseParked, type ParkedKey, parkedLicenseByKey } from './parked-licenses.ts';
import { readDetails, type ValidationDetails, type WantedDetails } from './validation-details.ts';

/** Everything that a validation is decided on. */
export type ValidationFacts = {
  readonly facts: LicenseFacts;
  readonly revision: bigint;
  /** The version of the key that was shown; null when the license was named by its id. */
  readonly keyVersion: number | null;
  /** The organization that issued the license is closed. */
  readonly issuerClosed: boolean;
  /** Hashes of open activations, hex, at most 64; `more`: there are others, ask `isActivated`. */
  readonly fingerprintHashes: readonly string[];
  readonly more: boolean;
  /** The stream of the license, or of its issuer, goes on beyond the rows: they are those of an earlier moment. */
  readonly isParked: boolean;
};

type Found = Pick<ValidationFacts, 'facts' | 'isParked'>;

export type ValidationReader = {
  /** The license of a key, given as its hashes by each secret there is; null: no such key. */
  readonly byKey: (hashes: readonly Buffer[]) => Promise<ValidationFacts | null>;
  /** A license that this organization issues or holds; null for any other. */
  readonly byId: (orgId: string, licenseId: string) => Promise<ValidationFacts | null>;
  /** Whether a device has an open activation, for a license with `more`. */
  readonly isActivated: (found: Found, fingerprintHash: string) => Promise<boolean>;
  /** What few validations ask for, of a license that was found: a round trip of its own. */
  readonly details: (found: Found, wanted: WantedDetails) => Promise<ValidationDetails>;
};

/** Reads rows as they are, and tells where a stream goes on beyond them. */
export type ValidationRows = ValidationReader & {
  /** The license of a key that the rows lack, because the event of the key is left out; null: no such key. */
  readonly parkedByKey: (hashes: readonly Buffer[]) => Promise<ParkedKey | null>;
  /** Whether the stream of a license goes on beyond its row, or beyond having none. */
  readonly isParked: (licenseId: string) => Promise<boolean>;
};

/**
 * Reads for validation, in one round trip each, row-level security in force: while two calls are under way, requests gather
 * and go out together as one call. `pool` is of ledger_api.
 */
export const createValidationReader = (pool: Pool): ValidationRows => {
  let waiting: Wait[] = [];
  let callsInFlight = 0;

  const send = () => {
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
  const ask = (wanted: readonly Wanted[]) =>
    new Promise<ValidationFacts | null>((resolve, reject) => {
      waiting.push({ wanted, resolve, reject });
      send();
    });

  return {
    byKey: (hashes) => ask(hashes.map((hash) => ({ hash, orgId: null, licenseId: null }))),
    byId: (orgId, licenseId) => ask([{ hash: null, orgId, licenseId }]),
    isActivated: async ({ facts: { issuerOrgId, licenseId } }, fingerprintHash) => {
      const read = () =>
        readingLevel(pool, () =>
          pool.query<[boolean]>({
            name: 'is-activated',
            text: 'select rm.is_activated($1, $2, $3)',
            values: [issuerOrgId, licenseId, Buffer.from(fingerprintHash, 'hex')],
            rowMode: 'array',
          }),
        );
      const { rows } = await retry(read, (error, failures) => (isOfBothVersions(error) && failures < 3 ? 0 : null));
      return rows[0]?.[0] === true;
    },
    details: ({ facts }, wanted) => readingLevel(pool, () => readDetails(pool, facts, wanted)),
    parkedByKey: (hashes) => parkedLicenseByKey(pool, hashes),
    isParked: (licenseId) => isLicenseParked(pool, licenseId),
  };
};

const callsInFlightMax = 2;
const gatheredMax = 100;
/** How many fingerprints ValidationFacts holds at most. */
export const fingerprintsMax = 64;

type Wanted = { readonly hash: Buffer | null; readonly orgId: string | null; readonly licenseId: string | null };
type Wait = {
  /** Alternatives, the first that is found counts. */
  readonly wanted: readonly Wanted[];
  readonly resolve: (found: ValidationFacts | null) => void;
  readonly reject: (error: unknown) => void;
};

const answer = async (pool: Pool, waits: readonly Wait[]): Promise<void> => {
  const wanted = waits.flatMap((wait) => wait.wanted);
  try {
    const { rows } = await readingLevel(pool, () =>
      pool.query<ValidationRow>({
        name: 'validation-facts',
        text: validationQuery,
        values: [
          wanted.map(({ hash }) => hash),
          wanted.map(({ orgId }) => orgId),
          wanted.map(({ licenseId }) => licenseId),
        ],
        rowMode: 'array',
      }),
    );
    const byRequest = new Map(rows.map((row) => [row[0], row]));
    let request = 0;
    for (const wait of waits) {
      const row = wait.wanted.map(() => byRequest.get(++request)).find((candidate) => candidate !== undefined);
      wait.resolve(row === undefined ? null : factsOf(row));
    }
  } catch (error) {
    for (const wait of waits) wait.reject(error);
  }
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
  return {
    ...readLicense(row, 5),
    keyVersion,
    issuerClosed,
    fingerprintHashes: hashes.slice(0, fingerprintsMax),
    more: hashes.length > fingerprintsMax,
    isParked,
  };
};

// A switch of versions during the call: the function returns rows of one version and has read those of the other.
const isOfBothVersions = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === '42804';

const validationQuery = `select request, matched_key_version, issuer_closed, fingerprints, is_parked, ${selectLicense('(license)')}
  from rm.validation_facts($1, $2, $3)`;
