import { CatchBoundary, Link, Outlet, useMatches } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useEffectEvent, useState } from 'react';
import { Button } from '../parts/button.tsx';
import { Dialog, DialogActions } from '../parts/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import { Loading } from '../parts/loading.tsx';
import { useOrganizationId } from '../session/ledger.ts';
import { useMay } from '../session/may.ts';
import { useMembership, useOrganizations } from '../session/own-organizations.ts';
import { texts } from '../texts/catalogue.ts';
import classes from './layout.module.css';
import { Refused } from './refused.tsx';
import { roleScreens } from './role-screens.ts';
import { useSignOut } from './use-sign-out.ts';

const Find = lazy(() => import('../screens/find.tsx'));

/** The frame of every screen of an organization: navigation, search, and the way out. */
export const Layout = () => {
  const organizationId = useOrganizationId();
  const membership = useMembership();
  const { state } = membership;
  const [isFinding, setFinding] = useState(false);
  const may = useMay();
  const mayFind = may('readLicenses');
  useFindShortcut(mayFind, () => setFinding(true));
  return (
    <>
      <a className={classes.skip} href="#content">
        {texts.shell.skip}
      </a>
      <header className={classes.bar}>
        <Link className={classes.brand} to="/$organizationId" params={{ organizationId }} aria-label={texts.product}>
          <Mark />
        </Link>
        <OrganizationName name={state.kind === 'member' ? state.organization.name : null} />
        <nav className={classes.nav} aria-label={texts.shell.navigation}>
          {roleScreens(may).map(({ to, text }) => (
            <Link key={to} to={to} params={{ organizationId }}>
              {text}
            </Link>
          ))}
        </nav>
        <div className={classes.end}>
          {mayFind && (
            <Button onClick={() => setFinding(true)} aria-keyshortcuts="Control+K Meta+K">
              {texts.shell.find} <kbd className={classes.shortcut}>{texts.shell.findHint}</kbd>
            </Button>
          )}
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

/**
 * The screen of the address, for a member with its permission. It waits for the role: a screen must not send requests that
 * the server refuses.
 */
const Screen = ({ membership: { state, retry } }: { readonly membership: ReturnType<typeof useMembership> }) => {
  const may = useMay();
  const needs = useMatches({ select: (matches) => matches.at(-1)?.staticData.needs });
  if (state.kind === 'pending') return <Loading />;
  if (state.kind === 'failed') return <Failure error={state.error} onRetry={retry} />;
  if (state.kind === 'member')
    return needs === undefined || may(needs) ? <Outlet /> : <Refused text={texts.shell.refused} />;
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
const useFindShortcut = (isEnabled: boolean, onOpen: () => void): void => {
  const open = useEffectEvent(onOpen);
  useEffect(() => {
    if (!isEnabled) return;
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      // A dialog that is open must be answered first.
      if (document.querySelector('dialog') === null) open();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [isEnabled]);
};
