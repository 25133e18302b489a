import { Link, Navigate } from '@tanstack/react-router';
import { Failure } from '../parts/failure.tsx';
import { Loading } from '../parts/loading.tsx';
import { useOrganizations } from '../session/own-organizations.ts';
import { useSessionState } from '../session/session-context.tsx';
import { useTitle } from '../shell/use-title.ts';
import { texts } from '../texts/catalogue.ts';
import classes from './organizations.module.css';

/** The organizations of the user. */
export const Organizations = () => {
  useTitle(texts.organizations.title);
  const organizations = useOrganizations();
  if (organizations.isPending) return <Loading />;
  // A later failure leaves the list as it is.
  if (organizations.data === undefined) return <Failure error={organizations.error} onRetry={organizations.refetch} />;
  const { data } = organizations;
  return (
    <main className={classes.page}>
      <h1>{texts.organizations.title}</h1>
      {data.length === 0 && <p>{texts.organizations.none}</p>}
      <ul className={classes.list}>
        {data.map(({ id, name, role, closedAt }) => (
          <li key={id}>
            <Link className={classes.entry} to="/$organizationId" params={{ organizationId: id }}>
              <span className={classes.name}>{name}</span>
              <span className={classes.role}>
                {texts.organizations.role(role)}
                {closedAt !== null && `, ${texts.organizations.closed}`}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </main>
  );
};

/** The start of the console: the organization of the session, or the choice of one. */
export const Start = () => {
  const state = useSessionState();
  const organizationId = state.kind === 'signed in' ? state.organizationId : null;
  return organizationId === null ? (
    <Navigate to="/organizations" replace />
  ) : (
    <Navigate to="/$organizationId" params={{ organizationId }} replace />
  );
};
