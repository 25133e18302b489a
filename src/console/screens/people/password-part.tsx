import { type FormEvent, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Failure } from '../../parts/failure.tsx';
import { TextField } from '../../parts/field.tsx';
import { Part } from '../../parts/part.tsx';
import { useCommand } from '../../session/ledger.ts';
import { peopleTexts } from '../../texts/people-texts.ts';
import classes from './people.module.css';

const texts = peopleTexts.password;

/** Changes the password of the user. */
export const PasswordPart = () => {
  const change = useCommand('changePassword');
  const [isDifferent, setDifferent] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const newPassword = String(given.get('next'));
    const differs = newPassword !== given.get('repeated');
    setDifferent(differs);
    if (differs) return;
    const body = { currentPassword: String(given.get('current')), newPassword };
    change.mutate({ body }, { onSuccess: () => form.reset() });
  };
  return (
    <Part title={texts.title}>
      <form className={classes.form} onSubmit={submit}>
        <p>{texts.text}</p>
        <PasswordField label={texts.current} name="current" autoComplete="current-password" maxLength={1_024} />
        <PasswordField
          label={texts.next}
          hint={texts.hint}
          name="next"
          autoComplete="new-password"
          minLength={10}
          maxLength={256}
        />
        <PasswordField
          label={texts.repeated}
          fault={isDifferent ? texts.different : undefined}
          name="repeated"
          autoComplete="new-password"
          maxLength={256}
        />
        {change.isError && <Failure error={change.error} />}
        <p role="status">{change.isSuccess && texts.done}</p>
        <div>
          <Button type="submit" busy={change.isPending}>
            {texts.change}
          </Button>
        </div>
      </form>
    </Part>
  );
};

const PasswordField = (props: Omit<Parameters<typeof TextField>[0], 'type' | 'required'>) => (
  <TextField {...props} type="password" required />
);
