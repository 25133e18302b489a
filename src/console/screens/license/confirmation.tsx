import type { ComponentProps } from 'react';
import { CommandDialog } from '../../parts/command-dialog.tsx';
import { texts } from '../../texts/catalogue.ts';
import type { License } from '../../types.ts';
import classes from './license.module.css';

/** A dialog that says what a command does with a license, asks for its input, and sends it. */
export const Confirmation = <Input, Answer>({
  license,
  children,
  ...rest
}: { readonly license: Pick<License, 'id' | 'keyHint'> } & ComponentProps<typeof CommandDialog<Input, Answer>>) => (
  <CommandDialog {...rest}>
    <p className={classes.soft}>{texts.license.title(license.keyHint ?? license.id)}</p>
    {children}
  </CommandDialog>
);
