import type { ReactNode } from 'react';
import { Copyable } from './copy.tsx';
import classes from './secret.module.css';

/** A secret that is shown once, with what to do with it. It is on the page only as long as it is rendered. */
export const Secret = ({
  title,
  secret,
  children,
}: {
  readonly title: string;
  readonly secret: string;
  readonly children: ReactNode;
}) => (
  <div role="status" className={classes.secret}>
    <strong>{title}</strong>
    <div className={classes.value}>
      <Copyable text={secret} />
    </div>
    {children}
  </div>
);
