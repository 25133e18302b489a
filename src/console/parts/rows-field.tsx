import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { newRow, type Row } from './input-rows.ts';
import classes from './rows-field.module.css';

/** A list of rows that the user adds, fills in and removes. */
export const RowsField = ({
  label,
  add,
  remove,
  rows,
  onChange,
  children,
}: {
  readonly label: string;
  /** The text of the button that adds a row. */
  readonly add: string;
  /** The text of the button that removes a row, by the number of the row. */
  readonly remove: (number: number) => string;
  readonly rows: readonly Row[];
  readonly onChange: (rows: readonly Row[]) => void;
  /** The inputs of a row. `change` sets a field of it. */
  readonly children: (row: Row, change: (field: string, value: string) => void) => ReactNode;
}) => (
  <fieldset className={classes.rows}>
    <legend className={classes.legend}>{label}</legend>
    {rows.map((row, index) => (
      <div key={row.id} className={classes.row}>
        {children(row, (field, value) =>
          onChange(rows.map((other) => (other.id === row.id ? { ...other, [field]: value } : other))),
        )}
        <Button kind="quiet" onClick={() => onChange(rows.filter(({ id }) => id !== row.id))}>
          {remove(index + 1)}
        </Button>
      </div>
    ))}
    <div>
      <Button onClick={() => onChange([...rows, newRow()])}>{add}</Button>
    </div>
  </fieldset>
);
