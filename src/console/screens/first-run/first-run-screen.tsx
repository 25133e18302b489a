import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useRef, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Failure } from '../../parts/failure.tsx';
import { TextField } from '../../parts/field.tsx';
import { useSession } from '../../session/session-context.tsx';
import { useTitle } from '../../shell/use-title.ts';
import { texts } from '../../texts/catalogue.ts';
import { firstRunTexts } from '../../texts/first-run-texts.ts';
import classes from './first-run.module.css';
import { type NewOwner, signUpHere } from './sign-up-here.ts';
import { signupMode } from './written-mode.ts';

/** The first run: creates an organization with its owner where the server allows it, and otherwise says how. */
const FirstRun = () => {
  useTitle(firstRunTexts.title);
  const mode = signupMode();
  return (
    <div className={classes.page}>
      <main className={classes.card}>
        <p className={classes.brand}>{texts.product}</p>
        <h1>{firstRunTexts.title}</h1>
        {mode === 'open' ? <SignUp /> : <Closed reason={firstRunTexts.closed[mode]} />}
        <Link to="/sign-in">{firstRunTexts.back}</Link>
      </main>
    </div>
  );
};

const Closed = ({ reason }: { readonly reason: string }) => (
  <>
    <p>{reason}</p>
    <p>
      <Copyable text={firstRunTexts.closed.command} />
    </p>
    <p className={classes.soft}>{firstRunTexts.closed.hint}</p>
  </>
);

const ownerIn = (form: FormData): NewOwner => {
  const textOf = (name: string) => String(form.get(name) ?? '').trim();
  return {
    organizationName: textOf('organization'),
    email: textOf('email'),
    password: String(form.get('password') ?? ''),
    timeZone: textOf('zone'),
  };
};

const SignUp = () => {
  const session = useSession();
  const navigate = useNavigate();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  // The same input again continues what failed midway.
  const attempt = useRef({ text: '', key: '' });
  const create = async (owner: NewOwner) => {
    setBusy(true);
    setError(null);
    const text = JSON.stringify(owner);
    if (attempt.current.text !== text) attempt.current = { text, key: crypto.randomUUID() };
    const call = { baseUrl: location.origin, idempotencyKey: attempt.current.key };
    try {
      const organizationId = await signUpHere(session, call, owner);
      await navigate({ to: '/$organizationId/first-steps', params: { organizationId } });
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void create(ownerIn(new FormData(event.currentTarget)));
  };
  return (
    <form className={classes.form} onSubmit={submit}>
      <p>{firstRunTexts.text}</p>
      <TextField
        label={firstRunTexts.organization}
        name="organization"
        autoComplete="organization"
        required
        maxLength={200}
      />
      <TextField
        label={firstRunTexts.email}
        name="email"
        type="email"
        autoComplete="username"
        required
        maxLength={254}
      />
      <TextField
        label={firstRunTexts.password}
        hint={firstRunTexts.passwordHint}
        name="password"
        type="password"
        autoComplete="new-password"
        required
        minLength={10}
        maxLength={256}
      />
      <TextField
        label={firstRunTexts.zone}
        hint={firstRunTexts.zoneHint}
        name="zone"
        required
        maxLength={100}
        defaultValue={Intl.DateTimeFormat().resolvedOptions().timeZone}
      />
      {error !== null && <Failure error={error} />}
      <Button type="submit" kind="primary" busy={isBusy}>
        {firstRunTexts.submit}
      </Button>
    </form>
  );
};

export default FirstRun;
