import type { InputHTMLAttributes } from 'react';
import classes from './field.module.css';

/** A choice of yes or no with its label. */
export const CheckField = ({
  label,
  ...rest
}: { readonly label: string } & Omit<InputHTMLAttributes<HTMLInputElement>, 'type' | 'className'>) => (
  <label className={classes.check}>
    <input {...rest} type="checkbox" />
    {label}
  </label>
);
