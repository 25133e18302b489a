import { variablesSchema } from './config-variables.ts';

/** A name that is none of ours and may be meant as `nearest`. Null: no name of ours is near. */
export type StrangeName = { readonly name: string; readonly nearest: string | null };

// Other programs of ours read these: the examples, the client and the tests.
const otherNames: ReadonlySet<string> = new Set([
  'LEDGER_URL',
  'LEDGER_TIMEOUT',
  'LEDGER_API_KEY',
  'LEDGER_SEED',
  'LEDGER_PATH',
  'LEDGER_TEST_SIZE',
]);
const ourPrefix = 'LEDGER_';

/** Returns true for a name that is refused: it begins with LEDGER_ and is nearly one of ours. Other programs have other names. */
export const isMisspelled = ({ name, nearest }: StrangeName): boolean => nearest !== null && /^LEDGER_/i.test(name);

/** Returns the names that may be mistakes: unknown ones that begin with LEDGER_, and those that are nearly one of ours. */
export const strangeNames = (names: readonly string[]): readonly StrangeName[] =>
  names
    .filter((name) => !(name in variablesSchema.shape) && !otherNames.has(name))
    .map((name) => ({ name, nearest: nearestName(name) }))
    .filter(({ name, nearest }) => nearest !== null || name.startsWith(ourPrefix));

/** Returns the variable of ours that a name is nearly, or null. Short names must be nearer than long ones. */
export const nearestName = (name: string): string | null => {
  const upper = name.toUpperCase();
  const near = Object.keys(variablesSchema.shape)
    .map((ours) => ({ ours, edits: editsBetween(upper, ours) }))
    .filter(({ ours, edits }) => edits <= (ours.length < 8 ? 1 : 2))
    .sort((a, b) => a.edits - b.edits);
  return near[0]?.ours ?? null;
};

/** Returns how many letters must be inserted, removed, replaced or exchanged with their neighbor. */
const editsBetween = (from: string, to: string): number => {
  if (Math.abs(from.length - to.length) > 2) return Number.POSITIVE_INFINITY;
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  const cell = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= from.length; row++) {
    rows[row] = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = cell(row - 1, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const isExchange = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const exchanged = row > 1 && column > 1 && isExchange ? cell(row - 2, column - 2) + 1 : replaced;
      rows[row]?.push(Math.min(cell(row - 1, column) + 1, cell(row, column - 1) + 1, replaced, exchanged));
    }
  }
  return cell(from.length, to.length);
};
