import type { UseMutationResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { CommandDialog } from '../../parts/command-dialog.tsx';
import { texts } from '../../texts/catalogue.ts';
import type { License } from '../../types.ts';
import classes from './license.module.css';

/** A dialog that says what a command does with a license, asks for its input, and sends it. */
export const Confirmation = <Input,>({
  license,
  children,
  ...rest
}: {
  readonly license: Pick<License, 'id' | 'keyHint'>;
  readonly title: string;
  readonly confirm: string;
  readonly isDangerous?: boolean;
  readonly command: UseMutationResult<unknown, Error, Input>;
  readonly inputOf: (form: FormData) => Input;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) => (
  <CommandDialog {...rest}>
    <p className={classes.soft}>{texts.license.title(license.keyHint ?? license.id)}</p>
    {children}
  </CommandDialog>
);

/** Returns the reason in a form, or nothing when the note is empty. */
export const noteIn = (form: FormData): { readonly text?: string } => {
  const text = String(form.get('note') ?? '').trim();
  return text === '' ? {} : { text };
};
