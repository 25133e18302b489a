import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Part } from '../../parts/part.tsx';
import { useFocusOnFault } from '../../parts/use-focus-on-fault.ts';
import { useOrganizationId } from '../../session/ledger.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import { policyTexts } from '../../texts/policy-texts.ts';
import type { Policy } from '../../types.ts';
import classes from './catalog.module.css';
import { changedPolicy } from './changed-policy.ts';
import { DifferenceTable } from './difference-table.tsx';
import { hasPercent, type PolicyChange, type PolicyForm, policyChangeOf, policyFaultsOf } from './policy-form.ts';
import { RuleField } from './rule-field.tsx';
import { type Rule, type RuleGroup, rules } from './rule-kinds.ts';
import { SalePart } from './sale-part.tsx';

/** The form of a new policy, or of the next version of one. What it changes is shown before it is sent. */
export const PolicyEditor = ({
  policy,
  latest,
  initial,
  isBusy,
  error,
  onSave,
}: {
  /** The policy as the form began with it; null for a new one. */
  readonly policy: Policy | null;
  /** The policy as it is, as far as it was read. */
  readonly latest: Policy | null;
  readonly initial: PolicyForm;
  readonly isBusy: boolean;
  readonly error: Error | null;
  readonly onSave: (change: PolicyChange, form: PolicyForm) => void;
}) => {
  const [form, setForm] = useState(initial);
  const [tries, setTries] = useState(0);
  const element = useFocusOnFault(tries);
  const faults = policyFaultsOf(form, initial);
  const isValid = Object.keys(faults).length === 0;
  const shownFaults = tries > 0 ? faults : {};
  const change = (fields: Partial<PolicyForm>) => setForm((current) => ({ ...current, ...fields }));
  const changes = policyChangeOf(form, initial, policy);
  const changesNothing = policy !== null && isValid && Object.keys(changes).length === 0;
  const isShown = ({ path }: Rule) => path !== 'overagePercent' || hasPercent(form);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTries((count) => count + 1);
    if (isValid) onSave(changes, form);
  };
  return (
    <form ref={element} noValidate className={classes.page} onSubmit={submit}>
      <SalePart form={form} faults={shownFaults} isNew={policy === null} change={change} />
      {(Object.keys(rules) as RuleGroup[]).map((group) => (
        <Part key={group} title={policyTexts.groups[group]}>
          <div className={classes.fields}>
            {rules[group].filter(isShown).map((rule) => (
              <RuleField
                key={rule.path}
                rule={rule}
                isNew={policy === null}
                value={form.rules[rule.path] ?? ''}
                fault={shownFaults[rule.path]}
                onChange={(value) => change({ rules: { ...form.rules, [rule.path]: value } })}
              />
            ))}
          </div>
        </Part>
      ))}
      {latest !== null && (
        <Part title={catalogTexts.policies.preview}>
          <DifferenceTable
            before={latest}
            after={isValid ? changedPolicy(latest, changes) : latest}
            none={catalogTexts.policies.noChange}
          />
        </Part>
      )}
      {error !== null && <Failure error={error} />}
      <div className={classes.buttons}>
        <Button type="submit" kind="primary" busy={isBusy} disabled={changesNothing}>
          {catalogTexts.save}
        </Button>
        <Back policy={policy} />
      </div>
    </form>
  );
};

const Back = ({ policy }: { readonly policy: Policy | null }) => {
  const organizationId = useOrganizationId();
  return policy === null ? (
    <Link to="/$organizationId/catalog" params={{ organizationId }}>
      {catalogTexts.cancel}
    </Link>
  ) : (
    <Link to="/$organizationId/catalog/policies/$policyId" params={{ organizationId, policyId: policy.id }}>
      {catalogTexts.cancel}
    </Link>
  );
};
