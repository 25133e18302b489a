import type { UseMutationResult } from '@tanstack/react-query';
import type { FormEvent, ReactNode } from 'react';
import { texts } from '../texts/catalogue.ts';
import { Button } from './button.tsx';
import classes from './dialog.module.css';
import { Dialog, DialogActions } from './dialog.tsx';
import { Failure } from './failure.tsx';

/**
 * A dialog that says what a command does, asks for its input, and sends it. Without `onDone` it closes after a success.
 * After a failure it stays open with everything that was typed. It cannot be closed while the command runs, so that nobody
 * misses its failure.
 */
export const CommandDialog = <Input, Answer>({
  title,
  confirm,
  isDangerous = false,
  command,
  inputOf,
  onDraft,
  onClose,
  onDone = onClose,
  children,
}: {
  readonly title: string;
  readonly confirm: string;
  readonly isDangerous?: boolean;
  readonly command: UseMutationResult<Answer, Error, Input>;
  /** Returns the input of the command. Returns null when a field says what is wrong with it. */
  readonly inputOf: (form: FormData) => Input | null;
  /** Gets the form after each change of a field. */
  readonly onDraft?: (form: FormData) => void;
  readonly onClose: () => void;
  readonly onDone?: (answer: Answer) => void;
  readonly children: ReactNode;
}) => {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const input = inputOf(new FormData(event.currentTarget));
    if (input !== null) command.mutate(input, { onSuccess: onDone });
  };
  const close = () => {
    if (!command.isPending) onClose();
  };
  return (
    <Dialog title={title} onClose={close}>
      <form
        className={classes.form}
        onSubmit={submit}
        onChange={({ currentTarget }) => onDraft?.(new FormData(currentTarget))}
      >
        {children}
        {command.isError && <Failure error={command.error} />}
        <DialogActions>
          <Button onClick={close} disabled={command.isPending}>
            {texts.actions.cancel}
          </Button>
          <Button type="submit" kind={isDangerous ? 'danger' : 'primary'} busy={command.isPending}>
            {confirm}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
};
