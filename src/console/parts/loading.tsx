import { texts } from '../texts/catalogue.ts';
import classes from './loading.module.css';

/** What a part shows while its first answer comes. */
export const Loading = () => (
  <p role="status" className={classes.loading}>
    {texts.loading}
  </p>
);
