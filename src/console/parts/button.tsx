import type { ButtonHTMLAttributes, MouseEvent } from 'react';
import classes from './button.module.css';

/** The look of a button: the main action of a part, one that ends something, one in a text, or any other. */
export type ButtonKind = 'primary' | 'danger' | 'quiet' | 'plain';

/**
 * A button. `busy`: its action runs, so it takes no second click, and its form is not sent again. It stays enabled, because
 * a disabled button loses the focus.
 */
export const Button = ({
  kind = 'plain',
  busy = false,
  onClick,
  type = 'button',
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { readonly kind?: ButtonKind; readonly busy?: boolean }) => (
  <button
    {...rest}
    type={type}
    className={buttonClass(kind)}
    onClick={busy ? refuse : onClick}
    aria-disabled={busy || rest['aria-disabled']}
    aria-busy={busy || undefined}
  />
);

const refuse = (event: MouseEvent) => event.preventDefault();

/** Returns the class of a button, for a link that looks like one. */
export const buttonClass = (kind: ButtonKind = 'plain'): string =>
  [classes.button, kind === 'plain' ? undefined : classes[kind]].filter(Boolean).join(' ');
