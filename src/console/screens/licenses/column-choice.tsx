import { CheckField } from '../../parts/field.tsx';
import { listTexts } from '../../texts/list-texts.ts';
import classes from './licenses.module.css';
import { type ColumnName, columnNames } from './stored-choices.ts';

/** The choice of the columns of the list. */
export const ColumnChoice = ({
  columns,
  onChange,
}: {
  readonly columns: readonly ColumnName[];
  readonly onChange: (columns: readonly ColumnName[]) => void;
}) => (
  <details className={classes.columns}>
    <summary>{listTexts.columns.label}</summary>
    <fieldset aria-label={listTexts.columns.label} className={classes.choices}>
      {columnNames.map((name) => (
        <CheckField
          key={name}
          label={listTexts.columns[name]}
          checked={columns.includes(name)}
          onChange={({ currentTarget: { checked } }) =>
            onChange(columnNames.filter((other) => (other === name ? checked : columns.includes(other))))
          }
        />
      ))}
    </fieldset>
  </details>
);
