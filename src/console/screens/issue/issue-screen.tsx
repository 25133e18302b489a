import { Link, useSearch } from '@tanstack/react-router';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Part } from '../../parts/part.tsx';
import { useOrganizationId, useRead } from '../../session/ledger.ts';
import { usePermission } from '../../session/may.ts';
import { useOrganization } from '../../session/own-organizations.ts';
import { Refused } from '../../shell/refused.tsx';
import { useTitle } from '../../shell/use-title.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import type { License } from '../../types.ts';
import classes from './issue.module.css';
import { IssueEditor } from './issue-editor.tsx';
import { emptyForm } from './issue-form.ts';
import { usePolicies } from './policy-choice.tsx';
import { formOfReplaced } from './replaced.ts';

/** Issues a license, or a replacement for the revoked license in the address. */
const IssueScreen = () => {
  const { replaces, policy } = useSearch({ from: '/signed-in/$organizationId/licenses/new' });
  const organization = useOrganization();
  const mayIssue = usePermission('sellLicenses');
  const title = replaces === undefined ? issueTexts.title : issueTexts.replaceTitle;
  useTitle(title);
  if (organization === null) return <Loading />;
  return (
    <div className={classes.page}>
      <h1>{title}</h1>
      {!mayIssue && <Refused text={issueTexts.refused} />}
      {mayIssue && replaces === undefined && <WithPolicies key={policy} replaced={null} policyId={policy ?? ''} />}
      {mayIssue && replaces !== undefined && <Replacement key={replaces} licenseId={replaces} />}
    </div>
  );
};

const Replacement = ({ licenseId }: { readonly licenseId: string }) => {
  const license = useRead('getLicense', { params: { licenseId } });
  // A later failure leaves the form as it is.
  if (license.data === undefined)
    return license.isError ? <Failure error={license.error} onRetry={license.refetch} /> : <Loading />;
  return <WithPolicies replaced={license.data} policyId="" />;
};

const WithPolicies = ({ replaced, policyId }: { readonly replaced: License | null; readonly policyId: string }) => {
  const organizationId = useOrganizationId();
  const policies = usePolicies();
  if (policies.isPending) return <Loading />;
  if (policies.error !== null && policies.entries.length === 0)
    return <Failure error={policies.error} onRetry={policies.retry} />;
  if (policies.entries.length === 0)
    return (
      <Part title={issueTexts.policy.title}>
        <p>{issueTexts.noPolicies}</p>
        <p>
          <Link to="/$organizationId/catalog" params={{ organizationId }}>
            {issueTexts.toCatalog}
          </Link>
        </p>
      </Part>
    );
  return (
    <IssueEditor
      policies={policies}
      replaced={replaced}
      initial={replaced === null ? { ...emptyForm, policyId } : formOfReplaced(replaced)}
    />
  );
};

export default IssueScreen;
