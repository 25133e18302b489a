import type { TextareaHTMLAttributes } from 'react';
import classes from './field.module.css';
import { type Described, Labelled } from './field.tsx';

/** A text of several lines with its label. */
export const AreaField = ({
  label,
  hint,
  fault,
  ...rest
}: Described & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'id' | 'className'>) => (
  <Labelled label={label} hint={hint} fault={fault}>
    {(ids) => <textarea {...rest} {...ids} className={`${classes.input} ${classes.area}`} />}
  </Labelled>
);
