import { Link, useNavigate, useRouter, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useSessionState } from '../session/session-context.tsx';
import { useTitle } from '../shell/use-title.ts';
import { texts } from '../texts/catalogue.ts';
import { signupMode } from './first-run/written-mode.ts';
import classes from './sign-in.module.css';
import { SignInForm } from './sign-in-form.tsx';

/** The page to sign in. Afterwards it opens the page that the user wanted. */
const SignIn = () => {
  useTitle(texts.signIn.title);
  const navigate = useNavigate();
  const router = useRouter();
  const { next } = useSearch({ from: '/sign-in' });
  const isSignedIn = useSessionState().kind === 'signed in';
  // Also when the user has signed in in another tab.
  useEffect(() => {
    if (!isSignedIn) return;
    if (next === undefined) void navigate({ to: '/', replace: true });
    else router.history.replace(`${router.basepath}${next}`.replaceAll(/\/+/g, '/'));
  }, [isSignedIn, navigate, next, router]);
  return (
    <div className={classes.page}>
      <main className={classes.card}>
        <p className={classes.brand}>{texts.product}</p>
        <h1>{texts.signIn.title}</h1>
        <SignInForm />
        {signupMode() === 'open' && <Link to="/first-run">{texts.signIn.setUp}</Link>}
      </main>
    </div>
  );
};

export default SignIn;
