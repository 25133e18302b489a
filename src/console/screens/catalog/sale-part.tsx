import { SelectField, TextField } from '../../parts/field.tsx';
import { Part } from '../../parts/part.tsx';
import { usePages } from '../../session/paged-list.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import { policyTexts } from '../../texts/policy-texts.ts';
import { GrantRows } from '../issue/grant-rows.tsx';
import { MeterRows } from '../issue/meter-rows.tsx';
import classes from './catalog.module.css';
import type { PolicyFaults, PolicyForm } from './policy-form.ts';
import { ProductChoice } from './product-choice.tsx';

type Props = {
  readonly form: PolicyForm;
  readonly faults: PolicyFaults;
  readonly isNew: boolean;
  readonly change: (fields: Partial<PolicyForm>) => void;
};

/** What the licenses of a policy are: name, tier, products, term, limits and entitlements. */
export const SalePart = (props: Props) => {
  const { form, faults, change } = props;
  const names = policyTexts.fields;
  return (
    <Part title={policyTexts.groups.sale}>
      <div className={classes.fields}>
        <TextField
          label={names.name}
          fault={faults.name}
          required
          maxLength={200}
          value={form.name}
          onChange={({ currentTarget: { value } }) => change({ name: value })}
        />
        <SelectField
          label={names.tier}
          value={form.tier}
          onChange={({ currentTarget: { value } }) => change({ tier: value as PolicyForm['tier'] })}
        >
          {Object.entries(policyTexts.values.tier).map(([tier, text]) => (
            <option key={tier} value={tier}>
              {text}
            </option>
          ))}
        </SelectField>
      </div>
      <Products {...props} />
      <Term {...props} />
      <Limits {...props} />
      <MeterRows rows={form.meters} faults={faults} onChange={(meters) => change({ meters })} />
      <GrantRows rows={form.grants} faults={faults} onChange={(grants) => change({ grants })} />
    </Part>
  );
};

const Products = ({ form, change }: Props) => {
  const products = usePages('listProducts', { query: { limit: 100 } });
  return (
    <ProductChoice
      label={catalogTexts.policies.products}
      pages={products}
      codes={form.products}
      values={form.products}
      onChange={(codes) => change({ products: codes })}
    />
  );
};

const Term = ({ form, faults, isNew, change }: Props) => {
  const names = catalogTexts.policies;
  const { '': asTier, ...bases } = names.bases;
  return (
    <div className={classes.fields}>
      <SelectField
        label={policyTexts.fields.term}
        value={form.basis}
        onChange={({ currentTarget: { value } }) => change({ basis: value as PolicyForm['basis'] })}
      >
        {isNew && <option value="">{asTier}</option>}
        {Object.entries(bases).map(([basis, text]) => (
          <option key={basis} value={basis}>
            {text}
          </option>
        ))}
      </SelectField>
      {form.basis === 'FIXED' && (
        <TextField
          label={names.ends}
          fault={faults.ends}
          type="datetime-local"
          step={1}
          value={form.ends}
          onChange={({ currentTarget: { value } }) => change({ ends: value })}
        />
      )}
      {!['', 'PERPETUAL', 'FIXED'].includes(form.basis) && (
        <TextField
          label={names.length}
          hint={names.lengthHint}
          fault={faults.length}
          maxLength={40}
          value={form.length}
          onChange={({ currentTarget: { value } }) => change({ length: value })}
        />
      )}
    </div>
  );
};

const Limits = ({ form, faults, isNew, change }: Props) => (
  <div className={classes.fields}>
    {(['activations', 'seats', 'users'] as const).map((name) => (
      <TextField
        key={name}
        label={issueTexts.changes.limits[name]}
        hint={catalogTexts.policies.limitHint}
        fault={faults[name]}
        placeholder={isNew ? catalogTexts.policies.asTier : undefined}
        maxLength={20}
        value={form[name]}
        onChange={({ currentTarget: { value } }) => change({ [name]: value })}
      />
    ))}
  </div>
);
