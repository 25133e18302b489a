import { Dialog as Base } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';
import classes from './dialog.module.css';

/** A dialog over the page. It is open as long as it is rendered. Without `onClose` it cannot be closed. */
export const Dialog = ({
  title,
  onClose,
  children,
}: {
  readonly title: string;
  readonly onClose?: () => void;
  readonly children: ReactNode;
}) => (
  <Base.Root open onOpenChange={(isOpen) => !isOpen && onClose?.()}>
    <Base.Portal>
      <Base.Backdrop className={classes.backdrop} />
      <Base.Popup className={classes.popup}>
        <Base.Title className={classes.title}>{title}</Base.Title>
        {children}
      </Base.Popup>
    </Base.Portal>
  </Base.Root>
);

/** The buttons at the end of a dialog. */
export const DialogActions = ({ children }: { readonly children: ReactNode }) => (
  <div className={classes.actions}>{children}</div>
);
