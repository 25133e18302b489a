import { Link } from '@tanstack/react-router';
import { useOrganizationId } from '../session/ledger.ts';
import { useMay } from '../session/may.ts';
import { texts } from '../texts/catalogue.ts';

/** The links to screens that depend on the role. They come a moment later, with the rules about roles. */
const RoleLinks = () => {
  const organizationId = useOrganizationId();
  const may = useMay();
  return (
    <>
      {may('readLicenses') && (
        <Link to="/$organizationId/customers" params={{ organizationId }}>
          {texts.shell.customers}
        </Link>
      )}
      {may('readCatalog') && (
        <Link to="/$organizationId/catalog" params={{ organizationId }}>
          {texts.shell.catalog}
        </Link>
      )}
      {may('readEvents') && (
        <Link to="/$organizationId/activity" params={{ organizationId }}>
          {texts.shell.activity}
        </Link>
      )}
      <Link to="/$organizationId/people" params={{ organizationId }}>
        {texts.shell.people}
      </Link>
    </>
  );
};

export default RoleLinks;
