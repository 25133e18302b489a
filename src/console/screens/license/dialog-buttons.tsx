import { type ReactNode, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import classes from './license.module.css';

/** A button, and the dialog that it opens. */
export type DialogButton = { readonly label: string; readonly dialog: (onClose: () => void) => ReactNode };

/** Buttons of a part, each with the dialog that it opens. One dialog is open at most. */
export const DialogButtons = ({ buttons }: { readonly buttons: readonly DialogButton[] }) => {
  const [open, setOpen] = useState<string | null>(null);
  if (buttons.length === 0) return null;
  return (
    <div className={classes.actions}>
      {buttons.map(({ label }) => (
        <Button key={label} onClick={() => setOpen(label)}>
          {label}
        </Button>
      ))}
      {buttons.find(({ label }) => label === open)?.dialog(() => setOpen(null))}
    </div>
  );
};
