import { texts } from '../texts/catalogue.ts';
import type { License } from '../types.ts';
import classes from './badge.module.css';

const tones = {
  ACTIVE: 'good',
  IN_GRACE: 'warn',
  NOT_YET_VALID: 'plain',
  SUSPENDED: 'warn',
  EXPIRED: 'bad',
  REVOKED: 'bad',
} as const;

/** The status of a license as a word. The color only repeats it. */
export const StatusBadge = ({ status }: { readonly status: License['effectiveStatus'] }) => (
  <span className={`${classes.badge} ${classes[tones[status]]}`}>{texts.status[status]}</span>
);

/** A short word such as a tier. */
export const Badge = ({ children }: { readonly children: string }) => (
  <span className={`${classes.badge} ${classes.plain}`}>{children}</span>
);
