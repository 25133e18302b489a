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
export const Confirmation = <Input, Answer>({
  license,
  title,
  confirm,
  isDangerous = false,
  command,
  inputOf,
  onDraft,
  onDone,
  onClose,
  children,
}: {
  readonly license: Pick<License, 'id' | 'keyHint'>;
  readonly title: string;
  readonly confirm: string;
  readonly isDangerous?: boolean;
  readonly command: UseMutationResult<Answer, Error, Input>;
  /** Returns the input of the command. Returns null when a field says what is wrong with it. */
  readonly inputOf: (form: FormData) => Input | null;
  /** Gets the form after each change of a field. */
  readonly onDraft?: (form: FormData) => void;
  /** What follows a success, instead of closing the dialog. */
  readonly onDone?: (answer: Answer) => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) => {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const input = inputOf(new FormData(event.currentTarget));
    if (input !== null) command.mutate(input, { onSuccess: onDone ?? onClose });
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className={classes.form}
        onSubmit={submit}
        onChange={({ currentTarget }) => onDraft?.(new FormData(currentTarget))}
      >
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
