import { CatchBoundary, Link, Outlet } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { Button } from '../parts/button.tsx';
import { Failure } from '../parts/failure.tsx';
import { useOrganizationId } from '../session/ledger.ts';
import { useOrganization, useOrganizations } from '../session/own-organizations.ts';
import { useSession } from '../session/session-context.tsx';
import { texts } from '../texts/catalogue.ts';
import classes from './layout.module.css';

const Find = lazy(() => import('../screens/find.tsx'));

/** The frame of every screen of an organization: navigation, search, and the way out. */
export const Layout = () => {
  const organizationId = useOrganizationId();
  const organization = useOrganization();
  const several = (useOrganizations().data?.data.length ?? 0) > 1;
  const [isFinding, setFinding] = useState(false);
  useFindShortcut(() => setFinding(true));
  return (
    <>
      <a className={classes.skip} href="#content">
        {texts.shell.skip}
      </a>
      <header className={classes.bar}>
        <Link className={classes.brand} to="/$organizationId/licenses" params={{ organizationId }}>
          {texts.product}
        </Link>
        <span className={classes.organization}>{organization?.name}</span>
        <nav className={classes.nav} aria-label={texts.shell.navigation}>
          <Link to="/$organizationId/licenses" params={{ organizationId }}>
            {texts.shell.licenses}
          </Link>
          {/* Every other role reads the catalog. */}
          {organization !== null && organization.role !== 'GUEST' && (
            <Link to="/$organizationId/catalog" params={{ organizationId }}>
              {texts.shell.catalog}
            </Link>
          )}
        </nav>
        <div className={classes.end}>
          <Button onClick={() => setFinding(true)} aria-keyshortcuts="Control+K Meta+K">
            {texts.shell.find} <kbd className={classes.shortcut}>{texts.shell.findHint}</kbd>
          </Button>
          {several && <Link to="/organizations">{texts.shell.switch}</Link>}
          <SignOut />
        </div>
      </header>
      <main id="content" className={classes.main} tabIndex={-1}>
        <Outlet />
      </main>
      {isFinding && (
        <CatchBoundary getResetKey={() => organizationId} errorComponent={({ error }) => <Failure error={error} />}>
          <Suspense fallback={null}>
            <Find onClose={() => setFinding(false)} />
          </Suspense>
        </CatchBoundary>
      )}
    </>
  );
};

const SignOut = () => {
  const session = useSession();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const leave = async () => {
    setBusy(true);
    setError(null);
    // The gate then leads to the sign-in.
    await session.signOut().catch(setError);
    setBusy(false);
  };
  return (
    <>
      <Button busy={isBusy} onClick={() => void leave()}>
        {texts.shell.signOut}
      </Button>
      {error !== null && <Failure error={error} onRetry={leave} />}
    </>
  );
};

/** Opens the search with Ctrl-K, or Cmd-K on a Mac. */
const useFindShortcut = (open: () => void): void => {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      // A dialog that is open must be answered first.
      if (document.querySelector('[role="dialog"]') === null) open();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  });
};
