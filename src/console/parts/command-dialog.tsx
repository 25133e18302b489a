import type { UseMutationResult } from '@tanstack/react-query';
import type { FormEvent, ReactNode } from 'react';
import { Button } from './button.tsx';
import classes from './command-dialog.module.css';
import { Dialog, DialogActions } from './dialog.tsx';
import { Failure } from './failure.tsx';

/**
 * A dialog that asks for the input of a command, and sends it. It closes after a success. After a failure it stays open
 * with everything that was typed.
 */
export const CommandDialog = <Input,>({
  title,
  confirm,
  cancel,
  isDangerous = false,
  command,
  inputOf,
  onClose,
  children,
}: {
  readonly title: string;
  readonly confirm: string;
  readonly cancel: string;
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
        {children}
        {command.isError && <Failure error={command.error} />}
        <DialogActions>
          <Button onClick={onClose}>{cancel}</Button>
          <Button type="submit" kind={isDangerous ? 'danger' : 'primary'} busy={command.isPending}>
            {confirm}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
};
