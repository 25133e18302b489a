import type { ButtonHTMLAttributes } from 'react';
import classes from './button.module.css';

/** The look of a button: the main action of a part, one that ends something, one in a text, or any other. */
export type ButtonKind = 'primary' | 'danger' | 'quiet' | 'plain';

/** A button. `busy`: its action runs, so it takes no second click. */
export const Button = ({
  kind = 'plain',
  busy = false,
  disabled,
  type = 'button',
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { readonly kind?: ButtonKind; readonly busy?: boolean }) => (
  <button
    {...rest}
    type={type}
    className={buttonClass(kind)}
    disabled={disabled === true || busy}
    aria-busy={busy || undefined}
  />
);

/** Returns the class of a button, for a link that looks like one. */
export const buttonClass = (kind: ButtonKind = 'plain'): string =>
  [classes.button, kind === 'plain' ? undefined : classes[kind]].filter(Boolean).join(' ');
