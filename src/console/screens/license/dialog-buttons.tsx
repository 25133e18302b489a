import { type ReactNode, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import classes from './license.module.css';

/** A button, and the dialog that it opens, with the license as it is then. */
export type DialogButton = { readonly label: string; readonly dialog: (onClose: () => void) => ReactNode };

/**
 * Buttons of a part, each with the dialog that it opens. One dialog is open at most. It keeps what it was opened with: a
 * form shows values from then, so it must not take a later change of a colleague for a change of its own.
 */
export const DialogButtons = ({ buttons }: { readonly buttons: readonly DialogButton[] }) => {
  const [open, setOpen] = useState<DialogButton | null>(null);
  if (buttons.length === 0 && open === null) return null;
  return (
    <div className={classes.actions}>
      {buttons.map((button) => (
        <Button key={button.label} onClick={() => setOpen(button)}>
          {button.label}
        </Button>
      ))}
      {open?.dialog(() => setOpen(null))}
    </div>
  );
};
