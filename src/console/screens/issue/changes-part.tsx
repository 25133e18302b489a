import { SelectField, TextField } from '../../parts/field.tsx';
import { Part } from '../../parts/part.tsx';
import { issueTexts } from '../../texts/issue-texts.ts';
import { limitText } from '../catalog/policy-values.ts';
import { ProductChoice } from '../catalog/product-choice.tsx';
import { GrantRows } from './grant-rows.tsx';
import classes from './issue.module.css';
import type { IssueForm } from './issue-form.ts';
import type { IssueFormProps } from './issue-form-props.ts';
import { MeterRows } from './meter-rows.tsx';

/** What this license gets otherwise than its policy says. */
export const ChangesPart = (props: IssueFormProps) => {
  const { form, faults, policy, change } = props;
  const names = issueTexts.changes;
  return (
    <Part title={names.title}>
      <p className={classes.soft}>{names.hint}</p>
      {policy !== undefined && <Products {...props} />}
      <Term {...props} />
      <div className={classes.fields}>
        {(['activations', 'seats', 'users'] as const).map((name) => (
          <TextField
            key={name}
            label={names.limits[name]}
            hint={policy === undefined ? undefined : names.limitHint(limitText(policy.limits[name]))}
            fault={faults[name]}
            maxLength={20}
            value={form[name]}
            onChange={({ currentTarget: { value } }) => change({ [name]: value })}
          />
        ))}
        <TextField
          label={names.maintenance}
          type="datetime-local"
          step={1}
          value={form.maintenanceUntil}
          onChange={({ currentTarget: { value } }) => change({ maintenanceUntil: value })}
        />
      </div>
      <MeterRows
        rows={form.meters}
        faults={faults}
        ofPolicy={policy?.limits.meters}
        onChange={(meters) => change({ meters })}
      />
      <GrantRows rows={form.grants} faults={faults} mayWithhold onChange={(grants) => change({ grants })} />
    </Part>
  );
};

const Products = ({ form, faults, policy, products, change }: IssueFormProps) => {
  const ofPolicy = policy?.products ?? [];
  const isAsPolicy = (codes: readonly string[]) =>
    codes.length === ofPolicy.length && codes.every((code) => ofPolicy.includes(code));
  return (
    <ProductChoice
      label={issueTexts.changes.products}
      fault={faults.products}
      pages={products}
      codes={[...ofPolicy, ...(form.products ?? [])]}
      values={form.products ?? ofPolicy}
      areSold
      onChange={(codes) => change({ products: isAsPolicy(codes) ? null : codes })}
    />
  );
};

const Term = ({ form, faults, change }: IssueFormProps) => {
  const names = issueTexts.changes;
  const begins = form.term !== '' && (form.term !== 'duration' || form.basis === 'ISSUE');
  return (
    <div className={classes.fields}>
      <SelectField
        label={names.term}
        value={form.term}
        onChange={({ currentTarget: { value } }) => change({ term: value as IssueForm['term'] })}
      >
        <Options texts={names.terms} />
      </SelectField>
      {form.term === 'duration' && (
        <>
          <TextField
            label={names.duration}
            hint={names.durationHint}
            fault={faults.duration}
            maxLength={40}
            value={form.duration}
            onChange={({ currentTarget: { value } }) => change({ duration: value })}
          />
          <SelectField
            label={names.basis}
            value={form.basis}
            onChange={({ currentTarget: { value } }) => change({ basis: value as IssueForm['basis'] })}
          >
            <Options texts={names.bases} />
          </SelectField>
        </>
      )}
      {form.term === 'expiresAt' && (
        <TextField
          label={names.expiresAt}
          fault={faults.expiresAt}
          type="datetime-local"
          step={1}
          value={form.expiresAt}
          onChange={({ currentTarget: { value } }) => change({ expiresAt: value })}
        />
      )}
      {begins && (
        <TextField
          label={names.startsAt}
          hint={names.startsHint}
          type="datetime-local"
          step={1}
          value={form.startsAt}
          onChange={({ currentTarget: { value } }) => change({ startsAt: value })}
        />
      )}
    </div>
  );
};

const Options = ({ texts }: { readonly texts: Readonly<Record<string, string>> }) =>
  Object.entries(texts).map(([value, text]) => (
    <option key={value} value={value}>
      {text}
    </option>
  ));
