import type { Pool } from 'pg';
import { groupBy } from '../../domain/group-by.ts';
import { idPattern } from '../../domain/ids.ts';
import { fingerprintHashes } from '../../identity/fingerprint.ts';
import { licenseKeyHashes, parseKeyHint, parseLicenseKey } from '../../identity/license-key.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { asTenant } from '../../postgres/tenant.ts';
import type { LicenseView } from '../../projections/queries/license-by-id.ts';
import {
  findBy,
  licensesByIds,
  type SearchKind,
  type SearchTerms,
  searchKinds,
} from '../../projections/queries/search-rows.ts';
import { issuersWithHeld, referencesOfUser } from './references-of-user.ts';

/** A license that a search has found, and what it was found by. */
export type SearchHit = { readonly license: LicenseView; readonly matchedBy: readonly SearchKind[] };

/** What to search. `by`: the kinds to search by; absent: all. */
export type LicenseSearch = {
  readonly text: string;
  readonly by?: readonly SearchKind[] | undefined;
  readonly limit: number;
};

/**
 * Finds licenses that an organization issues or holds by what a customer has, the newest first, at most `limit`. The
 * text is tried as each kind. No answer tells whether another organization has a license that it would find.
 */
export const searchLicenses = ({ pool, secrets }: Needs, orgId: string, search: LicenseSearch) =>
  asTenant(pool, orgId, async (db): Promise<readonly SearchHit[]> => {
    const kinds = search.by ?? searchKinds;
    const isHashed = kinds.includes('DEVICE') || kinds.includes('USER');
    const issuers = isHashed ? await issuersWithHeld(db, orgId) : [];
    const terms = termsOf(secrets, orgId, issuers, search.text);
    const matches: { readonly id: string; readonly kind: SearchKind }[] = [];
    for (const kind of kinds)
      for (const id of new Set(await findBy(db, kind, { orgId, terms, limit: search.limit })))
        matches.push({ id, kind });
    const matchesOf = groupBy(matches, ({ id }) => id);
    const licenses = await licensesByIds(db, [...matchesOf.keys()], search.limit);
    return licenses.map((license) => ({
      license,
      matchedBy: (matchesOf.get(license.facts.licenseId) ?? []).map(({ kind }) => kind),
    }));
  });

type Needs = { readonly pool: Pool; readonly secrets: Secrets };

const termsOf = (secrets: Secrets, orgId: string, issuers: readonly string[], text: string): SearchTerms => {
  const body = parseLicenseKey(text);
  const word = text.trim();
  const hashes = [...new Set([orgId, ...issuers])].flatMap((issuer) => fingerprintHashes(secrets, issuer, text));
  return {
    text: word,
    keyHashes: body === null ? [] : licenseKeyHashes(secrets, body),
    keyHint: parseKeyHint(word),
    licenseId: licenseIdPattern.test(word) ? word : null,
    fingerprintHashes: hashes.map((hash) => Buffer.from(hash, 'hex')),
    userRefs: referencesOfUser(secrets, orgId, issuers, text),
  };
};

const licenseIdPattern = idPattern('lic');
