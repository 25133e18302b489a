import { Link } from '@tanstack/react-router';
import { useOrganizationId } from '../session/ledger.ts';
import { useMay } from '../session/may.ts';
import { roleScreens } from './role-screens.ts';

/** The links to screens that depend on the role. They come a moment later, with the rules about roles. */
const RoleLinks = () => {
  const organizationId = useOrganizationId();
  const may = useMay();
  return roleScreens(may).map(({ to, text }) => (
    <Link key={to} to={to} params={{ organizationId }}>
      {text}
    </Link>
  ));
};

export default RoleLinks;
