import type { UseMutationResult } from '@tanstack/react-query';
import type { FormEvent, ReactNode } from 'react';
import { Button } from '../../parts/button.tsx';
import { Dialog, DialogActions } from '../../parts/dialog.tsx';
import { Failure } from '../../parts/failure.tsx';
import { texts } from '../../texts/catalogue.ts';
import type { License } from '../../types.ts';
import classes from './license.module.css';

/**
 * A dialog that says what a command does, asks for its input, and sends it. It closes after a success. After a failure
 * it stays open with everything that was typed.
 */
export const Confirmation = <Input,>({
  license,
  title,
  confirm,
  isDangerous = false,
  command,
  inputOf,
  onClose,
  children,
}: {
  readonly license: Pick<License, 'id' | 'keyHint'>;
  readonly title: string;
  readonly confirm: string;
  readonly isDangerous?: boolean;
  readonly command: UseMutationResult<unknown, Error, Input>;
  readonly inputOf: (form: FormData) => Input;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) => {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    command.mutate(inputOf(new FormData(event.currentTarget)), { onSuccess: onClose });
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className={classes.form} onSubmit={submit}>
        <p className={classes.soft}>{texts.license.title(license.keyHint ?? license.id)}</p>
        {children}
        {command.isError && <Failure error={command.error} />}
        <DialogActions>
          <Button onClick={onClose}>{texts.actions.cancel}</Button>
          <Button type="submit" kind={isDangerous ? 'danger' : 'primary'} busy={command.isPending}>
            {confirm}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
};

/** Returns the reason in a form, or nothing when the note is empty. */
export const noteIn = (form: FormData): { readonly text?: string } => {
  const text = String(form.get('note') ?? '').trim();
  return text === '' ? {} : { text };
};
