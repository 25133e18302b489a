import { Link } from '@tanstack/react-router';
import { Button } from '../../parts/button.tsx';
import { inZone } from '../../parts/dates.ts';
import { Failure } from '../../parts/failure.tsx';
import { Part } from '../../parts/part.tsx';
import { Secret } from '../../parts/secret.tsx';
import { type useCommand, useOrganizationId } from '../../session/ledger.ts';
import { usePermission } from '../../session/may.ts';
import { Refused } from '../../shell/refused.tsx';
import { firstRunTexts } from '../../texts/first-run-texts.ts';
import { policyTexts } from '../../texts/policy-texts.ts';
import type { License, Product } from '../../types.ts';
import classes from './first-run.module.css';

/** The step that issues a sample license of a product, and shows its key once. */
export const LicenseStep = ({
  product,
  issue,
}: {
  readonly product: Product | null;
  readonly issue: ReturnType<typeof useCommand<'issueLicense'>>;
}) => {
  const names = firstRunTexts.steps.license;
  const organizationId = useOrganizationId();
  const mayIssue = usePermission('sellLicenses');
  const send = (code: string) =>
    issue.mutate({ body: { tier: 'PRO', products: [code], externalRef: names.reference } });
  return (
    <Part title={names.title}>
      <p className={classes.soft}>{names.text}</p>
      {!mayIssue && <Refused text={names.refused} />}
      {mayIssue && product === null && <p>{names.later}</p>}
      {mayIssue && product !== null && !issue.isSuccess && (
        <div>
          <Button kind="primary" busy={issue.isPending} onClick={() => send(product.code)}>
            {names.submit}
          </Button>
        </div>
      )}
      {issue.isError && <Failure error={issue.error} />}
      {issue.isSuccess && (
        <Secret title={names.key} secret={issue.data.licenseKey}>
          <p>{issuedText(issue.data.license)}</p>
          <p>{names.once}</p>
          <Link to="/$organizationId/licenses/$licenseId" params={{ organizationId, licenseId: issue.data.license.id }}>
            {names.show}
          </Link>
        </Secret>
      )}
    </Part>
  );
};

const issuedText = ({ tier, term: { expiresAt } }: License): string => {
  const { ends, endless } = firstRunTexts.steps.license;
  const name = policyTexts.values.tier[tier];
  return expiresAt === null ? endless(name) : ends(name, inZone(expiresAt));
};
