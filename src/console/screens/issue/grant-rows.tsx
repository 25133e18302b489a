import { SelectField, TextField } from '../../parts/field.tsx';
import type { Row } from '../../parts/input-rows.ts';
import { RowsField } from '../../parts/rows-field.tsx';
import { issueTexts } from '../../texts/issue-texts.ts';

/** Entitlements with their values. `mayWithhold`: a row may also withhold what the policy grants. */
export const GrantRows = ({
  rows,
  fault,
  mayWithhold = false,
  onChange,
}: {
  readonly rows: readonly Row[];
  readonly fault?: string | undefined;
  readonly mayWithhold?: boolean;
  readonly onChange: (rows: readonly Row[]) => void;
}) => {
  const names = issueTexts.changes;
  return (
    <RowsField
      label={names.grants}
      add={names.addGrant}
      remove={names.removeGrant}
      rows={rows}
      fault={fault}
      onChange={onChange}
    >
      {({ code = '', value = '', limit = '', until = '', kind = '' }, change) => (
        <>
          <TextField
            label={names.grant.code}
            maxLength={64}
            value={code}
            onChange={({ currentTarget }) => change('code', currentTarget.value)}
          />
          {mayWithhold && (
            <SelectField
              label={names.grant.kind}
              value={kind}
              onChange={({ currentTarget }) => change('kind', currentTarget.value)}
            >
              {Object.entries(names.kinds).map(([name, text]) => (
                <option key={name} value={name}>
                  {text}
                </option>
              ))}
            </SelectField>
          )}
          {kind !== 'withheld' && (
            <>
              <TextField
                label={names.grant.value}
                maxLength={256}
                value={value}
                onChange={({ currentTarget }) => change('value', currentTarget.value)}
              />
              <TextField
                label={names.grant.limit}
                maxLength={16}
                value={limit}
                onChange={({ currentTarget }) => change('limit', currentTarget.value)}
              />
            </>
          )}
          <TextField
            label={names.grant.until}
            type="datetime-local"
            value={until}
            onChange={({ currentTarget }) => change('until', currentTarget.value)}
          />
        </>
      )}
    </RowsField>
  );
};
