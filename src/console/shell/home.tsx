import { Navigate } from '@tanstack/react-router';
import { useOrganizationId } from '../session/ledger.ts';
import { useMay } from '../session/may.ts';
import { roleScreens } from './role-screens.ts';

/** The start of an organization: the first screen of the navigation that the user may see. */
export const Home = () => {
  const organizationId = useOrganizationId();
  const [first] = roleScreens(useMay());
  return first !== undefined && <Navigate to={first.to} params={{ organizationId }} replace />;
};
