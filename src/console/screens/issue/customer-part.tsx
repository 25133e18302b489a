import { TextField } from '../../parts/field.tsx';
import { HolderField } from '../../parts/holder-field.tsx';
import { Part } from '../../parts/part.tsx';
import { issueTexts } from '../../texts/issue-texts.ts';
import classes from './issue.module.css';
import type { IssueFormProps } from './issue-form-props.ts';

/** For whom the license is, and why it is issued. */
export const CustomerPart = ({ form, faults, policy, change }: IssueFormProps) => {
  const names = issueTexts.customer;
  return (
    <Part title={names.title}>
      <div className={classes.fields}>
        <TextField
          label={names.reference}
          hint={names.referenceHint}
          maxLength={200}
          value={form.reference}
          onChange={({ currentTarget: { value } }) => change({ reference: value })}
        />
        <HolderField
          label={names.holder}
          hint={names.holderHint}
          value={form.holder}
          onChange={(holder) => change({ holder })}
        />
        {policy?.type === 'TRIAL' && (
          <TextField
            label={names.trialAddress}
            hint={names.trialHint}
            type="email"
            maxLength={254}
            value={form.trialAddress}
            onChange={({ currentTarget: { value } }) => change({ trialAddress: value })}
          />
        )}
        <TextField
          label={names.reason}
          hint={names.reasonHint}
          fault={faults.reasonCode}
          maxLength={50}
          value={form.reasonCode}
          onChange={({ currentTarget: { value } }) => change({ reasonCode: value.toUpperCase() })}
        />
        <TextField
          label={names.note}
          hint={names.noteHint}
          maxLength={500}
          value={form.note}
          onChange={({ currentTarget: { value } }) => change({ note: value })}
        />
      </div>
    </Part>
  );
};
