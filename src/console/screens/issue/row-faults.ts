import type { Row } from '../../parts/input-rows.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import { limitIn } from './limit-texts.ts';

/** What is wrong with the inputs of rows, by `placeInRow`. */
export type RowFaults = Readonly<Record<string, string>>;

/** Returns the place of an input of a row among the faults of a form. */
export const placeInRow = ({ id }: Row, field: string): string => `${id} ${field}`;

/** Returns what is wrong with rows of meters. */
export const meterFaults = (rows: readonly Row[]): RowFaults => {
  const { faults } = issueTexts;
  return Object.fromEntries([
    ...nameFaults(rows, 'name'),
    ...rows
      .filter(({ limit = '' }) => limitIn(limit) === null || limitIn(limit) === 'wrong')
      .map((row) => [placeInRow(row, 'limit'), faults.limit]),
  ]);
};

/** Returns what is wrong with rows of entitlements. Their limit is a number, or none. */
export const grantFaults = (rows: readonly Row[]): RowFaults =>
  Object.fromEntries([
    ...nameFaults(rows, 'code'),
    ...rows
      .filter(({ limit = '', kind }) => kind !== 'withheld' && typeof limitIn(limit) === 'string')
      .map((row) => [placeInRow(row, 'limit'), issueTexts.faults.count]),
  ]);

/** The server takes each name once. */
const nameFaults = (rows: readonly Row[], field: string): readonly (readonly [string, string])[] => {
  const { faults } = issueTexts;
  const names = rows.map((row) => row[field]?.trim() ?? '');
  return rows.flatMap((row, index) => {
    const name = names[index] ?? '';
    const fault = name === '' ? faults.missing : names.indexOf(name) < index ? faults.repeated : null;
    return fault === null ? [] : [[placeInRow(row, field), fault] as const];
  });
};
