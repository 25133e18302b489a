import type { UseMutationResult } from '@tanstack/react-query';
import type { FormEvent, ReactNode } from 'react';
import { texts } from '../texts/catalogue.ts';
import { Button } from './button.tsx';
import classes from './dialog.module.css';
import { Dialog, DialogActions } from './dialog.tsx';
import { Failure } from './failure.tsx';

/**
 * A dialog that says what a command does, asks for its input, and sends it. Without `onDone` it closes after a success.
 * After a failure it stays open with everything that was typed.
 */
export const CommandDialog = <Input, Answer>({
  title,
  confirm,
  isDangerous = false,
  command,
  inputOf,
  onClose,
  onDone = onClose,
  children,
}: {
  readonly title: string;
  readonly confirm: string;
  readonly isDangerous?: boolean;
  readonly command: UseMutationResult<Answer, Error, Input>;
  readonly inputOf: (form: FormData) => Input;
  readonly onClose: () => void;
  readonly onDone?: (answer: Answer) => void;
  readonly children: ReactNode;
}) => {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    command.mutate(inputOf(new FormData(event.currentTarget)), { onSuccess: onDone });
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className={classes.form} onSubmit={submit}>
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
