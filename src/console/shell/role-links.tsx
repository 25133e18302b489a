import { Link } from '@tanstack/react-router';
import { useOrganizationId } from '../session/ledger.ts';
import { texts } from '../texts/catalogue.ts';

/** The links to screens that depend on the role. They come a moment later, with the rules about roles. */
const RoleLinks = () => {
  const organizationId = useOrganizationId();
  return (
    <Link to="/$organizationId/people" params={{ organizationId }}>
      {texts.shell.people}
    </Link>
  );
};

export default RoleLinks;
