import { CheckList } from '../../parts/check-list.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import { policyTexts } from '../../texts/policy-texts.ts';
import { absentText, choiceText } from './policy-values.ts';
import type { Rule } from './rule-kinds.ts';

const hints: Readonly<Partial<Record<Rule['rule']['kind'], string>>> = {
  seconds: catalogTexts.policies.secondsHint,
  duration: catalogTexts.policies.durationHint,
  durations: catalogTexts.policies.durationsHint,
};

/** The field of a rule. `isNew`: an empty field takes the value of the tier. */
export const RuleField = ({
  rule: { path, rule },
  isNew,
  value,
  fault,
  onChange,
}: {
  readonly rule: Rule;
  readonly isNew: boolean;
  readonly value: string;
  readonly fault: string | undefined;
  readonly onChange: (value: string) => void;
}) => {
  const label = policyTexts.fields[path];
  const empty = isNew ? catalogTexts.policies.asTier : absentText(path);
  if (rule.kind === 'choices')
    return (
      <CheckList
        label={label}
        choices={rule.values.map((each) => ({ value: each, text: choiceText(path, each) }))}
        values={value === '' ? [] : value.split(', ')}
        onChange={(values) => onChange(values.join(', '))}
      />
    );
  if (rule.kind === 'choice' || rule.kind === 'yes or no') {
    const choices =
      rule.kind === 'choice'
        ? rule.values.map((each) => [each, choiceText(path, each)] as const)
        : (['yes', 'no'] as const).map((each) => [each, policyTexts[each]] as const);
    return (
      <SelectField
        label={label}
        fault={fault}
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      >
        {(isNew || 'optional' in rule) && <option value="">{empty}</option>}
        {choices.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </SelectField>
    );
  }
  return (
    <TextField
      label={label}
      hint={path === 'maintenance' ? catalogTexts.policies.maintenanceHint : hints[rule.kind]}
      fault={fault}
      maxLength={200}
      placeholder={isNew || 'optional' in rule ? empty : undefined}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
};
