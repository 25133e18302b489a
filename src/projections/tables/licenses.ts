import type { PoolClient } from 'pg';
import { nextDueAt } from '../../domain/license/due.ts';
import type { LicenseFacts } from '../../domain/license/license.ts';
import { recordedStatus } from '../../domain/license/recorded-status.ts';
import type { SuspensionReason } from '../../domain/license/suspension/suspension-events.ts';
import { nearEndFrom } from '../../domain/license/term/decide-reminders.ts';
import type { Instant } from '../../domain/time.ts';
import { blankOf, type Column, readCell, rowMaker, selected, typesOf } from './columns.ts';
import { type More, moreOf, plainMore, readMore } from './license-more.ts';
import type { ColumnType, Table } from './rows.ts';

/** A license with the place of the last event that was folded into it. */
export type FoldedLicense = { readonly facts: LicenseFacts; readonly revision: bigint; readonly position: bigint };

/** A license as its row has it, up to the event of this revision. */
export type StoredLicense = Pick<FoldedLicense, 'facts' | 'revision'>;

/** `field`: the fact that the column is read into. Null: `parts` reads the column, or nothing does. */
type LicenseColumn = Column<FoldedLicense, unknown, keyof LicenseFacts | null> & { readonly isRead: boolean };

const fact = <Field extends keyof LicenseFacts>(type: ColumnType, field: Field) => ({
  type,
  field,
  isRead: true,
  of: ({ facts }: FoldedLicense): LicenseFacts[Field] => facts[field],
});
const part = (type: ColumnType, of: LicenseColumn['of']) => ({ type, field: null, isRead: true, of });
const writeOnly = (type: ColumnType, of: LicenseColumn['of']) => ({ type, field: null, isRead: false, of });

const grantColumns = {
  license_id: fact('text', 'licenseId'),
  issuer_org_id: fact('text', 'issuerOrgId'),
  holder_org_id: fact('text', 'holderOrgId'),
  owner_user_ref: fact('text', 'ownerUserRef'),
  policy: fact('jsonb', 'policy'),
  products: fact('text[]', 'products'),
  limits: fact('jsonb', 'limits'),
  entitlements: fact('jsonb', 'entitlements'),
  external_ref: fact('text', 'externalRef'),
  created_at: fact('timestamptz', 'createdAt'),
  time_zone: fact('text', 'timeZone'),
} satisfies Readonly<Record<string, LicenseColumn>>;

type Grant = Pick<LicenseFacts, ReadFact<typeof grantColumns>>;
/** A column that follows from the grant alone: `isSameGrant` notices no other fact. */
const ofGrant = (type: ColumnType, of: (grant: Grant) => unknown) => writeOnly(type, ({ facts }) => of(facts));

// What the issuer granted. It is most of the row and seldom changes.
const granted = {
  ...grantColumns,
  tier: ofGrant('text', ({ policy }) => policy.tier),
} satisfies Readonly<Record<string, LicenseColumn>>;

// What changes often in the life of a license.
const changing = {
  revision: part('bigint', ({ revision }) => revision),
  position: writeOnly('bigint', ({ position }) => position),
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
  recorded_status: writeOnly('text', ({ facts }) => recordedStatus(facts).status),
  recorded_from: writeOnly('timestamptz', ({ facts }) => recordedStatus(facts).from),
  recorded_until: writeOnly('timestamptz', ({ facts }) => recordedStatus(facts).until),
  near_end_from: writeOnly('timestamptz', ({ facts }) => nearEndFrom(facts)),
  due_at: writeOnly('timestamptz', ({ facts }) => nextDueAt(facts)),
} satisfies Readonly<Record<string, LicenseColumn>>;

const columns = { ...granted, ...changing };

/** `rm.licenses`: one row per license, its folded stream (db/read-models/010-licenses.sql). */
export const licenses: Table = {
  name: 'licenses',
  key: ['license_id'],
  columns: typesOf(columns),
  // A reminder a month before the end falls due by the calendar of a time zone, and machines know different zone rules.
  unlike: { due_at: `$time_zone <> 'UTC'`, near_end_from: `$time_zone <> 'UTC'` },
};

/** Returns the row of a license. */
export const licenseRow = rowMaker<FoldedLicense>(columns);

/** Returns the part of a license's row that changes often. */
export const licenseStateRow = rowMaker<FoldedLicense>({ license_id: granted.license_id, ...changing });

/**
 * Returns true when `licenseStateRow` has everything that changed. The fold keeps the values that it does not change.
 */
export const isSameGrant = (before: LicenseFacts | undefined, after: LicenseFacts): boolean =>
  before !== undefined && grantedFacts.every((field) => before[field] === after[field]);

/** Returns the select list from which `readLicense` reads a license. `relation` has the columns of `rm.licenses`. */
export const selectLicense = (relation: string): string =>
  readColumns.map(([name, { type }]) => selected(type, `${relation}.${name}`)).join(', ');

/** Reads what `selectLicense` selects, in array row mode, beginning at the place `first` of a row. */
export const readLicense = (row: readonly unknown[], first = 0): StoredLicense => {
  const cells: Cells = { row, first, more: readMore(row[first + places.more] as string) };
  // Every validation comes here, so this is a plain loop over a copy that has all fields already.
  const facts: Record<string, unknown> = { ...blankFacts };
  for (const { field, type, place } of factColumns) facts[field] = readCell(type, row[first + place]);
  if (cells.more !== plainMore) Object.assign(facts, cells.more);
  for (const [field, read] of partReaders) facts[field] = read(cells);
  // `parts` does not compile while nothing reads a field of LicenseFacts.
  return { facts: facts as LicenseFacts, revision: readCell('bigint', row[first + places.revision]) as bigint };
};

/** Returns the stored licenses with these ids, by id, of every organization. As ledger_projector. */
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
  [Name in keyof Columns]: Columns[Name] extends { field: infer Field } ? Field : never;
}[keyof Columns];
type Part = Exclude<keyof LicenseFacts, ReadFact<typeof columns> | Exclude<keyof More, 'usage'>>;

/** Readers of the facts that several columns make up. */
const parts: { readonly [Field in Part]: (cells: Cells) => LicenseFacts[Field] } = {
  term: (cells) => ({
    number: cellOf(cells, 'term_number') as number,
    startsAt: cellOf(cells, 'starts_at') as Instant | null,
    expiresAt: cellOf(cells, 'expires_at') as Instant | null,
  }),
  suspension: (cells) => {
    const reasonCode = cellOf(cells, 'suspension_reason') as SuspensionReason | null;
    if (reasonCode === null) return null;
    const since = cellOf(cells, 'suspended_since') as Instant | null;
    return since === null ? null : { reasonCode, since, until: cellOf(cells, 'suspended_until') as Instant | null };
  },
  // Every field by name: adding one to a spread copy takes Node several times as long.
  usage: (cells) => ({
    seats: cells.more.usage.seats,
    users: cells.more.usage.users,
    meters: cells.more.usage.meters,
    activations: cellOf(cells, 'activations') as number,
  }),
};

const cellOf = ({ row, first }: Cells, name: keyof typeof columns): unknown =>
  readCell(columns[name].type, row[first + places[name]]);

const readColumns = Object.entries<LicenseColumn>(columns).filter(([, { isRead }]) => isRead);
const places = Object.fromEntries(readColumns.map(([name], place) => [name, place])) as Readonly<
  Record<keyof typeof columns, number>
>;
const factColumns = readColumns.flatMap(([, { type, field }], place) =>
  field === null ? [] : [{ type, field, place }],
);
const partReaders = Object.entries(parts);
const grantedFacts = Object.values<LicenseColumn>(granted).flatMap(({ field }) => field ?? []);
const blankFacts: Readonly<Record<string, unknown>> = {
  ...plainMore,
  ...blankOf([...factColumns.map(({ field }) => field), ...partReaders.map(([field]) => field)]),
};
