import type { PoolClient } from 'pg';
import { nextDueAt } from '../../domain/license/due.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import type { SuspensionReason } from '../../domain/license/suspension/suspension-events.ts';
import { fromMs, type Instant } from '../../domain/time.ts';
import { type Column, readerOf, rowMaker, selected, typesOf } from './columns.ts';
import { type More, moreOf, plainMore, readMore } from './license-more.ts';
import type { ColumnType, Table } from './rows.ts';

/** A license with the place of the last event that was folded into it. */
export type FoldedLicense = { readonly facts: LicenseFacts; readonly revision: bigint; readonly position: bigint };

/** A license as its row tells it, up to the event of this revision. */
export type StoredLicense = Pick<FoldedLicense, 'facts' | 'revision'>;

type LicenseColumn = Column<FoldedLicense> & {
  /** The fact that reading the column gives; null: `parts` reads it, or nothing does. */
  readonly fact: keyof LicenseFacts | null;
  readonly isRead: boolean;
};

const fact = <Field extends keyof LicenseFacts>(type: ColumnType, field: Field) => ({
  type,
  fact: field,
  isRead: true,
  of: ({ facts }: FoldedLicense): LicenseFacts[Field] => facts[field],
});
const part = (type: ColumnType, of: LicenseColumn['of']) => ({ type, fact: null, isRead: true, of });
const writeOnly = (type: ColumnType, of: LicenseColumn['of']) => ({ type, fact: null, isRead: false, of });

// What was granted, most of it large: it seldom changes.
const granted = {
  license_id: fact('text', 'licenseId'),
  issuer_org_id: fact('text', 'issuerOrgId'),
  holder_org_id: fact('text', 'holderOrgId'),
  owner_user_ref: fact('text', 'ownerUserRef'),
  policy: fact('jsonb', 'policy'),
  tier: writeOnly('text', ({ facts }) => facts.policy.tier),
  products: fact('text[]', 'products'),
  limits: fact('jsonb', 'limits'),
  entitlements: fact('jsonb', 'entitlements'),
  external_ref: fact('text', 'externalRef'),
  created_at: fact('timestamptz', 'createdAt'),
  time_zone: fact('text', 'timeZone'),
} satisfies Readonly<Record<string, LicenseColumn>>;

// What changes in the life of a license, again and again.
const changing = {
  revision: part('bigint', ({ revision }) => `${revision}`),
  position: writeOnly('bigint', ({ position }) => `${position}`),
  term_number: part('integer', ({ facts }) => facts.term.number),
  starts_at: part('timestamptz', ({ facts }) => facts.term.startsAt),
  expires_at: part('timestamptz', ({ facts }) => facts.term.expiresAt),
  announced_term: fact('integer', 'announcedTerm'),
  suspension_reason: part('text', ({ facts }) => facts.suspension?.reasonCode ?? null),
  suspended_since: part('timestamptz', ({ facts }) => facts.suspension?.since ?? null),
  suspended_until: part('timestamptz', ({ facts }) => facts.suspension?.until ?? null),
  revoked_at: fact('timestamptz', 'revokedAt'),
  activations: part('integer', ({ facts }) => facts.usage.activations),
  key_version: fact('integer', 'keyVersion'),
  key_hint: fact('text', 'keyHint'),
  more: part('jsonb', ({ facts }) => moreOf(facts)),
  due_at: writeOnly('timestamptz', ({ facts }) => nextDueAt(facts)),
} satisfies Readonly<Record<string, LicenseColumn>>;

const columns = { ...granted, ...changing };

/** `rm.licenses`: one row per license, its folded stream (db/read-models/010-licenses.sql). */
export const licenses: Table = {
  name: 'licenses',
  key: ['license_id'],
  columns: typesOf(columns),
  // A reminder a month before is due by the calendar of the license's zone, and machines know different rules of zones.
  unlike: { due_at: `$time_zone <> 'UTC'` },
};

/** Returns the row of a license. */
export const licenseRow = rowMaker<FoldedLicense>(columns);

/** Returns the part of a license's row that changes again and again. */
export const licenseStateRow = rowMaker<FoldedLicense>({ license_id: granted.license_id, ...changing });

/** Returns true when `licenseStateRow` is enough to get from one row to the other. The fold keeps what it does not change. */
export const isSameGrant = (before: LicenseFacts | undefined, after: LicenseFacts): boolean =>
  before !== undefined && grantedFacts.every((field) => before[field] === after[field]);

/** Returns the select list from which `readLicense` reads a license; `relation` has the columns of `rm.licenses`. */
export const selectLicense = (relation: string): string =>
  readColumns.map(([name, { type }]) => selected(type, `${relation}.${name}`)).join(', ');

/** Reads what `selectLicense` selected, in array row mode, from the place `first` of a row on. */
export const readLicense = (row: readonly unknown[], first = 0): StoredLicense => {
  // Every validation comes here. A copy of an object that has all fields costs less than adding them one by one.
  const facts: Record<string, unknown> = { ...blankFacts };
  for (const { field, place, read } of factReaders) facts[field] = read(row[first + place]);
  const cells: Cells = { row, first, more: readMore(String(row[first + places.more])) };
  if (cells.more !== plainMore) Object.assign(facts, cells.more);
  for (const { field, read } of partReaders) facts[field] = read(cells);
  // `parts` does not compile while a field of LicenseFacts is read by nothing.
  return { facts: facts as LicenseFacts, revision: BigInt(String(row[first + places.revision])) };
};

/** Returns the stored licenses among these ids, by id, as the projector sees them: of every organization. */
export const loadLicenses = async (
  db: PoolClient,
  licenseIds: readonly string[],
): Promise<Map<string, StoredLicense>> => {
  if (licenseIds.length === 0) return new Map();
  const { rows } = await db.query<unknown[]>({
    name: 'load-licenses',
    text: `select ${selectLicense('l')} from licenses l where l.license_id = any($1)`,
    values: [licenseIds],
    rowMode: 'array',
  });
  return new Map(rows.map((row) => readLicense(row)).map((license) => [license.facts.licenseId, license]));
};

type Cells = { readonly row: readonly unknown[]; readonly first: number; readonly more: More };
type ReadFact<Columns> = {
  [Name in keyof Columns]: Columns[Name] extends { fact: infer Field } ? Field : never;
}[keyof Columns];
type Part = Exclude<keyof LicenseFacts, ReadFact<typeof columns> | Exclude<keyof More, 'usage'>>;

/** The facts that are made of several columns. */
const parts: { readonly [Field in Part]: (cells: Cells) => LicenseFacts[Field] } = {
  term: (cells) => ({
    number: Number(cellOf(cells, 'term_number')),
    startsAt: instantOf(cells, 'starts_at'),
    expiresAt: instantOf(cells, 'expires_at'),
  }),
  suspension: (cells) => {
    const since = instantOf(cells, 'suspended_since');
    const reasonCode = cellOf(cells, 'suspension_reason') as SuspensionReason | null;
    return reasonCode === null || since === null
      ? null
      : { reasonCode, since, until: instantOf(cells, 'suspended_until') };
  },
  usage: (cells) => ({ ...cells.more.usage, activations: Number(cellOf(cells, 'activations')) }),
};

const cellOf = ({ row, first }: Cells, name: keyof typeof columns): unknown => row[first + places[name]];
const instantOf = (cells: Cells, name: keyof typeof columns): Instant | null => {
  const ms = cellOf(cells, name);
  return ms === null ? null : fromMs(Number(ms));
};

const readColumns = Object.entries<LicenseColumn>(columns).filter(([, { isRead }]) => isRead);
const places = Object.fromEntries(readColumns.map(([name], place) => [name, place])) as Readonly<
  Record<keyof typeof columns, number>
>;
const factReaders = readColumns.flatMap(([, { type, fact: field }], place) =>
  field === null ? [] : [{ field, place, read: readerOf(type) }],
);
const partReaders = Object.entries(parts).map(([field, read]) => ({ field, read }));
const grantedFacts = Object.values<LicenseColumn>(granted).flatMap(({ fact: field }) => field ?? []);
const blankFacts: Readonly<Record<string, unknown>> = {
  ...plainMore,
  ...Object.fromEntries([...factReaders, ...partReaders].map(({ field }) => [field, null])),
};
