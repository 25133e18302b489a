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

/** The meaning of a word: good, a warning, bad, or none of these. */
export type Tone = 'good' | 'warn' | 'bad' | 'plain';

/** A short word such as a tier. The color only repeats it. */
export const Badge = ({ children, tone = 'plain' }: { readonly children: string; readonly tone?: Tone }) => (
  <span className={`${classes.badge} ${classes[tone]}`}>{children}</span>
);
