import { type KeyboardEvent, type MouseEvent, type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { createPortal } from 'react-dom';
import classes from './dialog.module.css';

/**
 * A dialog over the page. It is open as long as it is rendered, and gives the focus back afterwards. Without `onClose` it
 * cannot be closed. It is no part of the form or the table that it belongs to.
 */
export const Dialog = ({
  title,
  onClose,
  children,
}: {
  readonly title: string;
  readonly onClose?: () => void;
  readonly children: ReactNode;
}) => {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  const closeByKey = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    // The browser must not close it: what renders it decides.
    event.preventDefault();
    event.stopPropagation();
    onClose?.();
  };
  const closeByBackdrop = (event: MouseEvent<HTMLDialogElement>) => {
    if (event.target !== event.currentTarget || !isOutside(event.currentTarget, event.clientX, event.clientY)) return;
    // Otherwise the page, which the press reaches next, takes the focus that the dialog gives back.
    event.preventDefault();
    onClose?.();
  };
  return createPortal(
    <dialog
      ref={element}
      className={classes.popup}
      aria-labelledby={titleId}
      onKeyDown={closeByKey}
      onMouseDown={closeByBackdrop}
      // Escape while the focus is elsewhere. A key within the dialog never gets here.
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      // A gesture of the device closes it all the same.
      onClose={() => {
        element.current?.showModal();
        onClose?.();
      }}
    >
      <h2 id={titleId} className={classes.title}>
        {title}
      </h2>
      {children}
    </dialog>,
    document.body,
  );
};

const isOutside = (element: HTMLElement, x: number, y: number): boolean => {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return x < left || x > right || y < top || y > bottom;
};

/** The buttons at the end of a dialog. */
export const DialogActions = ({ children }: { readonly children: ReactNode }) => (
  <div className={classes.actions}>{children}</div>
);
