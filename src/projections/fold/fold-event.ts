import { decodeCatalog } from '../../aggregates/codec-catalog.ts';
import { decodeIssuerLog } from '../../aggregates/codec-issuer-log.ts';
import { decodeLicense } from '../../aggregates/codec-license.ts';
import { decodeOrganization } from '../../aggregates/codec-organization.ts';
import { decodeReservation } from '../../aggregates/codec-reservation.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { isRepair } from '../../eventstore/chain/repair-event.ts';
import type { Envelope } from '../../eventstore/envelope.ts';
import type { Recorded } from '../../eventstore/event-store.ts';
import type { Catalog } from '../tables/catalogs.ts';
import { licenseEventRow, licenseEvents } from '../tables/license-events.ts';
import type { Organization } from '../tables/organizations.ts';
import { addWrites, type Changes, make, type Write } from './changes.ts';
import { foldCatalog } from './fold-catalog.ts';
import { foldLicense } from './fold-license.ts';
import { foldOrganization } from './fold-organization.ts';
import { notProjected } from './not-projected.ts';

/** The streams that the read models are made of, and those that are read only to detect events that cannot be read. */
export const streamPrefixes = ['license-', 'organization-', 'catalog-', 'reservation-', 'checkpoint-'] as const;

/** What the read models contain of the streams of a batch before it, by id. A stream without rows is missing. */
export type Stored = {
  readonly licenses: Lookup<{ readonly facts: LicenseFacts; readonly revision: bigint }>;
  readonly organizations: Lookup<Organization & { readonly revision: bigint }>;
  readonly catalogs: Lookup<Catalog & { readonly revision: bigint }>;
};

/** What empty read models contain. */
export const nothingStored: Stored = {
  licenses: new Map(),
  organizations: new Map(),
  catalogs: new Map(),
};

/** An event fits, but changes more rows at once than the caller allows. */
export class TooManyRows extends Error {
  override readonly name = 'TooManyRows';
}

/**
 * Folds one event onto the stored state and the changes of the batch so far. An event that a row already contains
 * changes nothing. Returns how many rows of groups the event changes. Throws, and leaves `changes` as they are, when
 * the event does not follow on its row or cannot be read. Throws TooManyRows when it changes more than `rowsMax` rows
 * at once.
 */
export const foldEvent = (changes: Changes, stored: Stored, recorded: Recorded, rowsMax = Infinity): number => {
  const { stream } = recorded;
  const licenseId = licenseOf(stream);
  const organizationId = organizationOf(stream);
  const issuerOrgId = catalogOf(stream);
  if (licenseId !== null) {
    const before = changes.licenses.get(licenseId) ?? stored.licenses.get(licenseId);
    if (!isNext(recorded, before)) return 0;
    const { event, ...decoded } = decodeLicense(recorded);
    const folded = isRepair(event)
      ? foldRepair(before, recorded, (license) => historyOf(license, recorded, decoded.envelope))
      : foldLicense(before?.facts ?? null, licenseId, { event, ...decoded }, recorded);
    const rows = sweptRows(folded.writes);
    if (rows > rowsMax) throw new TooManyRows(`it changes ${rows} rows at once.`);
    changes.licenses.set(licenseId, folded.after);
    addWrites(changes.rows, stream, folded.writes);
    return rows;
  }
  if (organizationId !== null) {
    const before = changes.organizations.get(organizationId) ?? stored.organizations.get(organizationId);
    if (!isNext(recorded, before)) return 0;
    const { event, ...decoded } = decodeOrganization(recorded);
    const folded = isRepair(event)
      ? foldRepair(before, recorded)
      : foldOrganization(before ?? null, organizationId, { event, ...decoded }, recorded);
    changes.organizations.set(organizationId, folded.after);
    addWrites(changes.rows, stream, folded.writes);
  } else if (issuerOrgId !== null) {
    const before = changes.catalogs.get(issuerOrgId) ?? stored.catalogs.get(issuerOrgId);
    if (!isNext(recorded, before)) return 0;
    const { event, ...decoded } = decodeCatalog(recorded);
    const folded = isRepair(event)
      ? foldRepair(before, recorded)
      : foldCatalog(before ?? null, issuerOrgId, { event, ...decoded }, recorded);
    changes.catalogs.set(issuerOrgId, folded.after);
    addWrites(changes.rows, stream, folded.writes);
  } else if (stream.startsWith('reservation-')) {
    const { event } = decodeReservation(recorded);
    if (!isRepair(event)) notProjected(event);
  } else if (stream.startsWith('checkpoint-')) {
    const { event } = decodeIssuerLog(recorded);
    if (!isRepair(event)) notProjected(event);
  }
  return 0;
};

/** Returns the id of the license of a stream. Returns null for another kind of stream. */
export const licenseOf = (stream: string): string | null => idAfter('license-', stream);

/** Returns the id of the organization of a stream. Returns null for another kind of stream. */
export const organizationOf = (stream: string): string | null => idAfter('organization-', stream);

/** Returns the id of the issuer of a catalog's stream. Returns null for another kind of stream. */
export const catalogOf = (stream: string): string | null => idAfter('catalog-', stream);

/** Folds a repair of a stream's hash chain, which changes nothing but the place in the stream. */
const foldRepair = <State extends { readonly revision: bigint }>(
  before: State | undefined,
  { revision, position }: Recorded,
  writesOf: (state: State) => readonly Write[] = () => [],
) => {
  if (before === undefined) throw new Error('the stream begins with a repair of its chain.');
  return { after: { ...before, revision, position: position.commit }, writes: writesOf(before) };
};

const historyOf = ({ facts }: { facts: LicenseFacts }, recorded: Recorded, envelope: Envelope): readonly Write[] => {
  const owners = { holderOrgId: facts.holderOrgId, previousHolderOrgId: null };
  return [make(licenseEvents, licenseEventRow({ licenseId: facts.licenseId, recorded, envelope, owners }))];
};

const sweptRows = (writes: readonly Write[]): number =>
  writes.reduce((sum, write) => sum + (write.kind === 'sweep' ? (write.sweep.rows ?? 0) : 0), 0);

type Lookup<Value> = { readonly get: (id: string) => Value | undefined };

const idAfter = (prefix: string, stream: string): string | null =>
  stream.startsWith(prefix) ? stream.slice(prefix.length) : null;

const isNext = ({ revision }: Recorded, before: { readonly revision: bigint } | undefined): boolean => {
  const expected = before === undefined ? 0n : before.revision + 1n;
  if (revision > expected) throw new Error(`revision ${expected} was expected: events are missing before it.`);
  return revision === expected;
};
