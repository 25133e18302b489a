import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, useId } from 'react';
import classes from './field.module.css';

/** The texts of a field. */
export type Described = {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly fault?: string | undefined;
};

/** An input with its label, and what is wrong with its value. */
export const TextField = ({
  label,
  hint,
  fault,
  ...rest
}: Described & Omit<InputHTMLAttributes<HTMLInputElement>, 'id' | 'className'>) => (
  <Labelled label={label} hint={hint} fault={fault}>
    {(ids) => <input {...rest} {...ids} className={classes.input} />}
  </Labelled>
);

/** A choice of several values with its label. */
export const SelectField = ({
  label,
  hint,
  fault,
  ...rest
}: Described & Omit<SelectHTMLAttributes<HTMLSelectElement>, 'id' | 'className'>) => (
  <Labelled label={label} hint={hint} fault={fault}>
    {(ids) => <select {...rest} {...ids} className={classes.input} />}
  </Labelled>
);

/** A box to check, with its label and what it means. */
export const CheckField = ({
  label,
  hint,
  ...rest
}: Omit<Described, 'fault'> & Omit<InputHTMLAttributes<HTMLInputElement>, 'id' | 'className' | 'type'>) => {
  const id = useId();
  return (
    <div className={classes.check}>
      <input {...rest} type="checkbox" id={id} aria-describedby={hint === undefined ? undefined : `${id}-hint`} />
      <div>
        <label className={classes.label} htmlFor={id}>
          {label}
        </label>
        {hint !== undefined && (
          <p id={`${id}-hint`} className={classes.hint}>
            {hint}
          </p>
        )}
      </div>
    </div>
  );
};

type Ids = { readonly id: string; readonly 'aria-describedby': string | undefined; readonly 'aria-invalid': boolean };

/** A label, a hint and a fault around an input, which gets their ids. */
export const Labelled = ({
  label,
  hint,
  fault,
  children,
}: Described & { readonly children: (ids: Ids) => ReactNode }) => {
  const id = useId();
  const said = [hint === undefined ? null : `${id}-hint`, fault === undefined ? null : `${id}-fault`].filter(Boolean);
  return (
    <div className={classes.field}>
      <label className={classes.label} htmlFor={id}>
        {label}
      </label>
      {children({ id, 'aria-describedby': said.join(' ') || undefined, 'aria-invalid': fault !== undefined })}
      {hint !== undefined && (
        <p id={`${id}-hint`} className={classes.hint}>
          {hint}
        </p>
      )}
      {fault !== undefined && (
        <p id={`${id}-fault`} className={classes.fault}>
          {fault}
        </p>
      )}
    </div>
  );
};
