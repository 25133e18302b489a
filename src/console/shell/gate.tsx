import { Outlet, useNavigate, useRouter } from '@tanstack/react-router';
import { Fragment, useEffect, useState } from 'react';
import { Failure } from '../parts/failure.tsx';
import { Loading } from '../parts/loading.tsx';
import { SignInAgain } from '../screens/sign-in-again.tsx';
import { useSession, useSessionState } from '../session/session-context.tsx';

/** Shows its screens to a signed-in user, and sends everybody else to sign in. */
export const Gate = () => {
  const session = useSession();
  const state = useSessionState();
  const [error, setError] = useState<unknown>(null);
  const resume = () => {
    setError(null);
    session.resume().catch(setError);
  };
  // Once, at the start of the page.
  useEffect(() => {
    if (session.state().kind === 'unknown') session.resume().catch(setError);
  }, [session]);
  if (error !== null) return <Failure error={error} onRetry={resume} />;
  if (state.kind === 'unknown') return <Loading />;
  if (state.kind === 'signed out') return <ToSignIn />;
  return (
    <>
      {/* Another user must see nothing of the previous one. */}
      <Fragment key={state.user.id}>
        <Outlet />
      </Fragment>
      {state.kind === 'expired' && <SignInAgain email={state.user.email} />}
    </>
  );
};

/** Sends the visitor to sign in, and from there back to this address. */
const ToSignIn = () => {
  const navigate = useNavigate();
  const router = useRouter();
  // The address changes while the next screen loads, so it is read once.
  const [next] = useState(() => router.latestLocation.href);
  useEffect(() => {
    void navigate({ to: '/sign-in', search: { next }, replace: true });
  }, [navigate, next]);
  return null;
};
