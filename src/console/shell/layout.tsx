import { CatchBoundary, Link, Outlet } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { Button } from '../parts/button.tsx';
import { Dialog, DialogActions } from '../parts/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import { useOrganizationId } from '../session/ledger.ts';
import { useMembership, useOrganizations } from '../session/own-organizations.ts';
import { texts } from '../texts/catalogue.ts';
import classes from './layout.module.css';
import { useSignOut } from './use-sign-out.ts';

const Find = lazy(() => import('../screens/find.tsx'));
const RoleLinks = lazy(() => import('./role-links.tsx'));

/** The frame of every screen of an organization: navigation, search, and the way out. */
export const Layout = () => {
  const organizationId = useOrganizationId();
  const membership = useMembership();
  const { state } = membership;
  const [isFinding, setFinding] = useState(false);
  useFindShortcut(() => setFinding(true));
  return (
    <>
      <a className={classes.skip} href="#content">
        {texts.shell.skip}
      </a>
      <header className={classes.bar}>
        <Link
          className={classes.brand}
          to="/$organizationId/licenses"
          params={{ organizationId }}
          aria-label={texts.product}
        >
          <Mark />
        </Link>
        <OrganizationName name={state.kind === 'member' ? state.organization.name : null} />
        <nav className={classes.nav} aria-label={texts.shell.navigation}>
          <Link to="/$organizationId/licenses" params={{ organizationId }}>
            {texts.shell.licenses}
          </Link>
          <Link to="/$organizationId/why" params={{ organizationId }}>
            {texts.shell.why}
          </Link>
          <CatchBoundary getResetKey={() => organizationId} errorComponent={NotLoaded}>
            <Suspense fallback={null}>
              <RoleLinks />
            </Suspense>
          </CatchBoundary>
        </nav>
        <div className={classes.end}>
          <Button onClick={() => setFinding(true)} aria-keyshortcuts="Control+K Meta+K">
            {texts.shell.find} <kbd className={classes.shortcut}>{texts.shell.findHint}</kbd>
          </Button>
          <SignOut />
        </div>
      </header>
      <main id="content" className={classes.main} tabIndex={-1}>
        <Screen membership={membership} />
      </main>
      {isFinding && (
        <CatchBoundary
          getResetKey={() => organizationId}
          errorComponent={({ error }) => (
            <Dialog title={texts.find.title} onClose={() => setFinding(false)}>
              <NotLoaded error={error} />
              <DialogActions>
                <Button onClick={() => setFinding(false)}>{texts.find.close}</Button>
              </DialogActions>
            </Dialog>
          )}
        >
          <Suspense fallback={null}>
            <Find onClose={() => setFinding(false)} />
          </Suspense>
        </CatchBoundary>
      )}
    </>
  );
};

/** The sign of the product: lines of a ledger. */
const Mark = () => (
  <svg width="28" height="28" viewBox="0 0 28 28" aria-hidden="true">
    <rect width="28" height="28" rx="7" />
    <path d="M8 8v12h12M13 9h7M13 14h7" />
  </svg>
);

/** The organization of the page. It leads to the others of the user. */
const OrganizationName = ({ name }: { readonly name: string | null }) => {
  const several = (useOrganizations().data?.length ?? 0) > 1;
  if (!several) return name !== null && <span className={classes.organization}>{name}</span>;
  return (
    <Link className={classes.organization} to="/organizations" title={texts.shell.switch}>
      <span>{name ?? texts.shell.switch}</span>
    </Link>
  );
};

const SignOut = () => {
  const { isBusy, error, leave } = useSignOut();
  return (
    <>
      <Button kind="quiet" busy={isBusy} onClick={() => void leave()}>
        {texts.shell.signOut}
      </Button>
      {error !== null && <Failure error={error} onRetry={leave} />}
    </>
  );
};

/** The screen of the address, unless the user is no member of its organization. */
const Screen = ({ membership: { state, retry } }: { readonly membership: ReturnType<typeof useMembership> }) => {
  if (state.kind === 'failed') return <Failure error={state.error} onRetry={retry} />;
  if (state.kind !== 'stranger') return <Outlet />;
  return (
    <>
      <p>{texts.organizations.stranger}</p>
      <Link to="/organizations">{texts.organizations.title}</Link>
    </>
  );
};

/** A part that did not load. React remembers the failure, so only a reload tries again. */
const NotLoaded = ({ error }: { readonly error: unknown }) => (
  <Failure error={error} onRetry={() => location.reload()} />
);

/** Opens the search with Ctrl-K, or Cmd-K on a Mac. */
const useFindShortcut = (open: () => void): void => {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      // A dialog that is open must be answered first.
      if (document.querySelector('dialog') === null) open();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  });
};
