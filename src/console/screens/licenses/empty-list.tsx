import { Link } from '@tanstack/react-router';
import { useOrganizationId } from '../../session/ledger.ts';
import { usePermission } from '../../session/may.ts';
import { texts } from '../../texts/catalogue.ts';
import { saleTexts } from '../../texts/sale-texts.ts';
import classes from './licenses.module.css';

/** A list without a license. Without a filter it leads to the first steps. */
export const EmptyList = ({ isFiltered }: { readonly isFiltered: boolean }) => {
  const organizationId = useOrganizationId();
  const mayIssue = usePermission('sellLicenses');
  return (
    <div className={`${classes.frame} ${classes.empty}`}>
      <p>{isFiltered ? texts.licenses.empty : saleTexts.noLicense}</p>
      {!isFiltered && mayIssue && (
        <p>
          <Link to="/$organizationId/first-steps" params={{ organizationId }}>
            {saleTexts.firstSteps}
          </Link>
        </p>
      )}
    </div>
  );
};
