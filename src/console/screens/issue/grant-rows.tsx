import { SelectField, TextField } from '../../parts/field.tsx';
import type { Row } from '../../parts/input-rows.ts';
import { RowsField } from '../../parts/rows-field.tsx';
import { issueTexts } from '../../texts/issue-texts.ts';
import { placeInRow, type RowFaults } from './row-faults.ts';

/** Entitlements with their values. `mayWithhold`: a row may also withhold what the policy grants. */
export const GrantRows = ({
  rows,
  faults,
  mayWithhold = false,
  onChange,
}: {
  readonly rows: readonly Row[];
  readonly faults: RowFaults;
  readonly mayWithhold?: boolean;
  readonly onChange: (rows: readonly Row[]) => void;
}) => {
  const names = issueTexts.changes;
  return (
    <RowsField label={names.grants} add={names.addGrant} remove={names.removeGrant} rows={rows} onChange={onChange}>
      {(row, change) => (
        <>
          <TextField
            label={names.grant.code}
            fault={faults[placeInRow(row, 'code')]}
            maxLength={64}
            value={row.code ?? ''}
            onChange={({ currentTarget }) => change('code', currentTarget.value)}
          />
          {mayWithhold && (
            <SelectField
              label={names.grant.kind}
              value={row.kind ?? ''}
              onChange={({ currentTarget }) => change('kind', currentTarget.value)}
            >
              {Object.entries(names.kinds).map(([name, text]) => (
                <option key={name} value={name}>
                  {text}
                </option>
              ))}
            </SelectField>
          )}
          {row.kind !== 'withheld' && (
            <>
              <TextField
                label={names.grant.value}
                maxLength={256}
                value={row.value ?? ''}
                onChange={({ currentTarget }) => change('value', currentTarget.value)}
              />
              <TextField
                label={names.grant.limit}
                fault={faults[placeInRow(row, 'limit')]}
                maxLength={16}
                value={row.limit ?? ''}
                onChange={({ currentTarget }) => change('limit', currentTarget.value)}
              />
            </>
          )}
          <TextField
            label={names.grant.until}
            type="datetime-local"
            step={1}
            value={row.until ?? ''}
            onChange={({ currentTarget }) => change('until', currentTarget.value)}
          />
        </>
      )}
    </RowsField>
  );
};
