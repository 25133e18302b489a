import { type InputHTMLAttributes, useId } from 'react';
import classes from './check-field.module.css';

/** A choice of yes or no with its label. */
export const CheckField = ({
  label,
  ...rest
}: { readonly label: string } & Omit<InputHTMLAttributes<HTMLInputElement>, 'id' | 'className' | 'type'>) => {
  const id = useId();
  return (
    <div className={classes.field}>
      <input {...rest} id={id} type="checkbox" className={classes.box} />
      <label htmlFor={id}>{label}</label>
    </div>
  );
};
