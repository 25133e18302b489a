import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Part } from '../../parts/part.tsx';
import { useCommand } from '../../session/ledger.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import type { License } from '../../types.ts';
import { ChangesPart } from './changes-part.tsx';
import { CustomerPart } from './customer-part.tsx';
import classes from './issue.module.css';
import { emptyForm, faultsOf, type IssueForm, type IssueFormProps, issueBodyOf } from './issue-form.ts';
import { Issued } from './issued.tsx';
import { PolicyChoice, type usePolicies, usePolicy, VersionChoice } from './policy-choice.tsx';
import { PreviewPart } from './preview-part.tsx';

/** The form that issues a license, with a preview of what the license will have. */
export const IssueEditor = ({
  policies,
  replaced,
  initial,
}: {
  readonly policies: ReturnType<typeof usePolicies>;
  readonly replaced: License | null;
  readonly initial: IssueForm;
}) => {
  const [form, setForm] = useState(initial);
  const [tries, setTries] = useState(0);
  const issue = useCommand('issueLicense');
  const policy = usePolicy(form.policyId, form.version);
  const latest = usePolicy(form.policyId, '');
  const faults = faultsOf(form);
  const element = useFocusOnFault(tries);
  const change = (fields: Partial<IssueForm>) => setForm((current) => ({ ...current, ...fields }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTries((count) => count + 1);
    if (Object.keys(faults).length === 0) issue.mutate({ body: issueBodyOf(form, replaced?.id ?? null) });
  };
  const again = () => {
    issue.reset();
    setTries(0);
    setForm({ ...emptyForm, policyId: form.policyId, version: form.version });
  };
  if (issue.isSuccess) return <Issued answer={issue.data} onAgain={replaced === null ? again : null} />;
  const props: IssueFormProps = { form, faults: tries > 0 ? faults : {}, policy: policy.data, change };
  return (
    <form ref={element} noValidate className={classes.columns} onSubmit={submit}>
      <div className={classes.form}>
        {replaced !== null && <p>{issueTexts.replaces(replaced.keyHint ?? replaced.id)}</p>}
        <Part title={issueTexts.policy.title}>
          <div className={classes.fields}>
            <PolicyChoice
              label={issueTexts.policy.label}
              policies={policies}
              chosen={latest.data}
              policyId={form.policyId}
              fault={props.faults.policyId}
              onChange={(policyId) => change({ policyId, version: '', products: null })}
            />
            {latest.data !== undefined && latest.data.version > 1 && (
              <VersionChoice
                latest={latest.data.version}
                version={form.version}
                onChange={(version) => change({ version })}
              />
            )}
          </div>
          {policy.isError && <Failure error={policy.error} onRetry={policy.refetch} />}
        </Part>
        <ChangesPart {...props} />
        <CustomerPart {...props} />
      </div>
      <div className={classes.beside}>
        <PreviewPart policy={policy.data} body={issueBodyOf(form, null)} />
        {issue.isError && <Failure error={issue.error} />}
        <div className={classes.buttons}>
          <Button type="submit" kind="primary" busy={issue.isPending}>
            {issueTexts.submit}
          </Button>
        </div>
      </div>
    </form>
  );
};

/** Moves the focus to the first field with a fault, after each try to send the form. */
const useFocusOnFault = (tries: number) => {
  const element = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (tries > 0) element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [tries]);
  return element;
};
