import { type FormEvent, useState } from 'react';
import { Button } from '../parts/button.tsx';
import { Failure } from '../parts/failure.tsx';
import { TextField } from '../parts/field.tsx';
import { useSession } from '../session/session-context.tsx';
import { texts } from '../texts/catalogue.ts';
import classes from './sign-in.module.css';

/** The fields of a sign-in. `email`: an address that is already known and stays. */
export const SignInForm = ({ email = '' }: { readonly email?: string }) => {
  const session = useSession();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const signIn = async (form: FormData) => {
    setBusy(true);
    setError(null);
    try {
      await session.signIn({ email: String(form.get('email')).trim(), password: String(form.get('password')) });
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void signIn(new FormData(event.currentTarget));
  };
  return (
    <form className={classes.form} onSubmit={submit}>
      <TextField
        label={texts.signIn.email}
        name="email"
        type="email"
        autoComplete="username"
        required
        defaultValue={email}
        readOnly={email !== ''}
        maxLength={254}
      />
      <TextField
        label={texts.signIn.password}
        name="password"
        type="password"
        autoComplete="current-password"
        required
        maxLength={1_024}
      />
      {error !== null && <Failure error={error} />}
      <Button type="submit" kind="primary" busy={isBusy}>
        {texts.signIn.submit}
      </Button>
    </form>
  );
};
