import { type FormEvent, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Part } from '../../parts/part.tsx';
import { useFocusOnFault } from '../../parts/use-focus-on-fault.ts';
import { useCommand } from '../../session/ledger.ts';
import { usePages } from '../../session/paged-list.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import type { License, Policy } from '../../types.ts';
import { archivedCodes, onSaleIn } from '../catalog/product-choices.ts';
import { ChangesPart } from './changes-part.tsx';
import { CustomerPart } from './customer-part.tsx';
import classes from './issue.module.css';
import { emptyForm, faultsOf, type IssueForm, issueBodyOf } from './issue-form.ts';
import type { IssueFormProps } from './issue-form-props.ts';
import { Issued } from './issued.tsx';
import { PolicyChoice, type usePolicies, usePolicy, VersionChoice } from './policy-choice.tsx';
import { PreviewPart } from './preview-part.tsx';
import { notesOnReplaced } from './replaced.ts';

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
  const chosen = usePolicy(form.policyId, form.version);
  const latest = usePolicy(form.policyId, '');
  const products = usePages('listProducts', { query: { limit: 100 } });
  const archived = archivedCodes(products.entries);
  const policy = chosen.data === undefined ? undefined : onSaleIn(chosen.data, archived);
  const faults = faultsOf(form, archived);
  const body = issueBodyOf(form, { policy, archived }, replaced?.id ?? null);
  const element = useFocusOnFault(tries);
  const change = (fields: Partial<IssueForm>) => setForm((current) => ({ ...current, ...fields }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTries((count) => count + 1);
    if (Object.keys(faults).length === 0) issue.mutate({ body });
  };
  const again = () => {
    issue.reset();
    setTries(0);
    setForm({ ...emptyForm, policyId: form.policyId, version: form.version });
  };
  if (issue.isSuccess) return <Issued answer={issue.data} onAgain={replaced === null ? again : null} />;
  const props: IssueFormProps = { form, faults: tries > 0 ? faults : {}, policy, products, change };
  return (
    <form ref={element} noValidate className={classes.columns} onSubmit={submit}>
      <div className={classes.form}>
        {replaced !== null && <Replaced license={replaced} policy={policy} />}
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
          {chosen.isError && <Failure error={chosen.error} onRetry={chosen.refetch} />}
        </Part>
        <ChangesPart {...props} />
        <CustomerPart {...props} />
      </div>
      <div className={classes.beside}>
        <PreviewPart policy={policy} isLoading={chosen.isLoading} body={body} />
        {issue.isError && <Failure error={issue.error} />}
        <div className={classes.buttons}>
          {/* What is sent depends on the policy. */}
          <Button
            type="submit"
            kind="primary"
            busy={issue.isPending}
            disabled={form.policyId !== '' && policy === undefined}
          >
            {issueTexts.submit}
          </Button>
        </div>
      </div>
    </form>
  );
};

/** The license that the new one replaces, and what the new one does not take over. */
const Replaced = ({ license, policy }: { readonly license: License; readonly policy: Policy | undefined }) => (
  <>
    <p>{issueTexts.replaces(license.keyHint ?? license.id)}</p>
    {notesOnReplaced(license, policy).map((note) => (
      <p key={note}>{note}</p>
    ))}
  </>
);
