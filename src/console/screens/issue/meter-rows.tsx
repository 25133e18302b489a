import { SelectField, TextField } from '../../parts/field.tsx';
import type { Row } from '../../parts/input-rows.ts';
import { RowsField } from '../../parts/rows-field.tsx';
import { issueTexts } from '../../texts/issue-texts.ts';
import { policyTexts } from '../../texts/policy-texts.ts';

/** Meters with their limits and periods. */
export const MeterRows = ({
  rows,
  fault,
  onChange,
}: {
  readonly rows: readonly Row[];
  readonly fault?: string | undefined;
  readonly onChange: (rows: readonly Row[]) => void;
}) => {
  const names = issueTexts.changes;
  return (
    <RowsField
      label={names.meters}
      add={names.addMeter}
      remove={names.removeMeter}
      rows={rows}
      fault={fault}
      onChange={onChange}
    >
      {({ name = '', limit = '', resets = 'TERM' }, change) => (
        <>
          <TextField
            label={names.meter.name}
            maxLength={64}
            value={name}
            onChange={({ currentTarget: { value } }) => change('name', value)}
          />
          <TextField
            label={names.meter.limit}
            maxLength={20}
            value={limit}
            onChange={({ currentTarget: { value } }) => change('limit', value)}
          />
          <SelectField
            label={names.meter.resets}
            value={resets}
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
