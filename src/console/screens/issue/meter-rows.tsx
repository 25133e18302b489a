import { SelectField, TextField } from '../../parts/field.tsx';
import type { Row } from '../../parts/input-rows.ts';
import { RowsField } from '../../parts/rows-field.tsx';
import { issueTexts } from '../../texts/issue-texts.ts';
import { policyTexts } from '../../texts/policy-texts.ts';
import type { Policy } from '../../types.ts';
import { periodIn } from './limit-texts.ts';
import { placeInRow, type RowFaults } from './row-faults.ts';

/** Meters with their limits and periods. `ofPolicy`: the meters whose periods a row begins with. */
export const MeterRows = ({
  rows,
  faults,
  ofPolicy = {},
  onChange,
}: {
  readonly rows: readonly Row[];
  readonly faults: RowFaults;
  readonly ofPolicy?: Policy['limits']['meters'] | undefined;
  readonly onChange: (rows: readonly Row[]) => void;
}) => {
  const names = issueTexts.changes;
  return (
    <RowsField label={names.meters} add={names.addMeter} remove={names.removeMeter} rows={rows} onChange={onChange}>
      {(row, change) => (
        <>
          <TextField
            label={names.meter.name}
            fault={faults[placeInRow(row, 'name')]}
            maxLength={64}
            value={row.name ?? ''}
            onChange={({ currentTarget: { value } }) => change('name', value)}
          />
          <TextField
            label={names.meter.limit}
            fault={faults[placeInRow(row, 'limit')]}
            maxLength={20}
            value={row.limit ?? ''}
            onChange={({ currentTarget: { value } }) => change('limit', value)}
          />
          <SelectField
            label={names.meter.resets}
            value={row.resets || (periodIn(ofPolicy, row.name?.trim() ?? '') ?? 'TERM')}
            onChange={({ currentTarget: { value } }) => change('resets', value)}
          >
            {Object.entries(policyTexts.values.resets).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </SelectField>
        </>
      )}
    </RowsField>
  );
};
