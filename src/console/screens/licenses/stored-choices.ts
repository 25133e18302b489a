import { type Filters, filtersIn } from './filters.ts';

/** The columns of the list besides the license itself. */
export const columnNames = ['status', 'customer', 'tier', 'products', 'devices', 'seats', 'ends', 'issued'] as const;
export type ColumnName = (typeof columnNames)[number];

const usualColumns: readonly ColumnName[] = ['status', 'customer', 'tier', 'products', 'devices', 'ends'];

/** A view that the user has saved under a name. */
export type SavedView = { readonly name: string; readonly filters: Filters };

/** The most views of an organization, and the greatest length of a name. */
export const viewsMax = 20;
export const viewNameMax = 40;

type Store = {
  readonly getItem: (key: string) => string | null;
  readonly setItem: (key: string, text: string) => void;
};

/** Returns the chosen columns, in their order. Without a choice, or with a damaged one, the usual ones. */
export const readColumns = (store: Store): readonly ColumnName[] => {
  const stored = parsed(store, columnsKey);
  return Array.isArray(stored) ? columnNames.filter((name) => stored.includes(name)) : usualColumns;
};

/** Stores the chosen columns. */
export const writeColumns = (store: Store, columns: readonly ColumnName[]): void => write(store, columnsKey, columns);

/** Returns the saved views of an organization. Damaged ones are left out. */
export const readViews = (store: Store, organizationId: string): readonly SavedView[] => {
  const stored = parsed(store, viewsKey(organizationId));
  if (!Array.isArray(stored)) return [];
  return stored.slice(0, viewsMax).flatMap((view: unknown): readonly SavedView[] => {
    if (typeof view !== 'object' || view === null) return [];
    const { name, filters } = view as Record<string, unknown>;
    if (typeof name !== 'string' || typeof filters !== 'object' || filters === null) return [];
    return [{ name: name.slice(0, viewNameMax), filters: filtersIn(filters as Record<string, unknown>) }];
  });
};

/** Stores the saved views of an organization. */
export const writeViews = (store: Store, organizationId: string, views: readonly SavedView[]): void =>
  write(store, viewsKey(organizationId), views.slice(-viewsMax));

const columnsKey = 'license-ledger.licenses.columns';
const viewsKey = (organizationId: string) => `license-ledger.licenses.views.${organizationId}`;

const parsed = (store: Store, key: string): unknown => {
  try {
    return JSON.parse(store.getItem(key) ?? 'null');
  } catch {
    return null;
  }
};

const write = (store: Store, key: string, value: unknown): void => {
  try {
    store.setItem(key, JSON.stringify(value));
  } catch {
    // A full or forbidden storage: the choice lasts as long as the page.
  }
};
