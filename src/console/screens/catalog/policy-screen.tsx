import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { Badge } from '../../parts/badge.tsx';
import { Button, buttonClass } from '../../parts/button.tsx';
import { CommandDialog } from '../../parts/command-dialog.tsx';
import { Failure } from '../../parts/failure.tsx';
import { Loading } from '../../parts/loading.tsx';
import { useCommand, useOrganizationId, useRead } from '../../session/ledger.ts';
import { usePermission } from '../../session/may.ts';
import { useTitle } from '../../shell/use-title.ts';
import { catalogTexts } from '../../texts/catalog-texts.ts';
import { policyTexts } from '../../texts/policy-texts.ts';
import type { Policy } from '../../types.ts';
import classes from './catalog.module.css';
import { PinsPart } from './pins-part.tsx';
import { VersionsPart } from './versions-part.tsx';

/** A policy with its versions. */
const PolicyScreen = () => {
  const { policyId } = useParams({ from: '/signed-in/$organizationId/catalog/policies/$policyId' });
  const organizationId = useOrganizationId();
  const policy = useRead('getPolicy', { params: { policyId } });
  useTitle(policy.data?.name ?? catalogTexts.title);
  // A later failure leaves the page as it is, with the forms that are open.
  if (policy.data === undefined)
    return policy.isError ? <Failure error={policy.error} onRetry={policy.refetch} /> : <Loading />;
  const { name, tier, archivedAt } = policy.data;
  return (
    // A dialog belongs to its policy.
    <div key={policyId} className={classes.page}>
      <Link to="/$organizationId/catalog" params={{ organizationId }}>
        {catalogTexts.back}
      </Link>
      <div className={classes.head}>
        <h1>{name}</h1>
        <Badge>{policyTexts.values.tier[tier]}</Badge>
        {archivedAt !== null && <Badge>{catalogTexts.archived}</Badge>}
      </div>
      {archivedAt === null && <PolicyActions policy={policy.data} />}
      <VersionsPart latest={policy.data}>
        <PinsPart policyId={policyId} />
      </VersionsPart>
    </div>
  );
};

const PolicyActions = ({ policy }: { readonly policy: Policy }) => {
  const organizationId = useOrganizationId();
  const mayChange = usePermission('changeCatalog');
  const mayIssue = usePermission('sellLicenses');
  const [isArchiving, setArchiving] = useState(false);
  return (
    <div className={classes.buttons}>
      {mayIssue && (
        <Link
          className={buttonClass()}
          to="/$organizationId/licenses/new"
          params={{ organizationId }}
          search={{ policy: policy.id }}
        >
          {catalogTexts.policies.issue}
        </Link>
      )}
      {mayChange && (
        <>
          <Link
            className={buttonClass()}
            to="/$organizationId/catalog/policies/$policyId/change"
            params={{ organizationId, policyId: policy.id }}
          >
            {catalogTexts.change}
          </Link>
          <Button kind="danger" onClick={() => setArchiving(true)}>
            {catalogTexts.archive}
          </Button>
        </>
      )}
      {isArchiving && <Archive policy={policy} onClose={() => setArchiving(false)} />}
    </div>
  );
};

const Archive = ({ policy, onClose }: { readonly policy: Policy; readonly onClose: () => void }) => {
  const archive = useCommand('archivePolicy');
  return (
    <CommandDialog
      title={catalogTexts.policies.archiveTitle}
      confirm={catalogTexts.archive}
      isDangerous
      command={archive}
      inputOf={() => ({ params: { policyId: policy.id } })}
      onClose={onClose}
    >
      <p>{policy.name}</p>
      <p>{catalogTexts.policies.archiveText}</p>
    </CommandDialog>
  );
};

export default PolicyScreen;
