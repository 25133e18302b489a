import type { InputOf } from '@license-ledger/client';
import type { License } from '../../../types.ts';
import { meterLimit } from './change-consequences.ts';

/** The limits that a form changes. */
export type ChangedLimits = NonNullable<InputOf<'changeLicenseLimits'>['body']>['limits'];

type Limit = number | 'unlimited';

/** Returns the limit in a text. Returns null when the text is neither a whole number nor "unlimited". */
export const limitIn = (text: unknown): Limit | null => {
  const written = String(text ?? '')
    .trim()
    .toLowerCase();
  if (written === 'unlimited') return written;
  return /^\d{1,15}$/.test(written) ? Number(written) : null;
};

/** Returns the names of the fields with an invalid limit. */
export const badLimitsIn = (form: FormData, names: readonly string[]): readonly string[] =>
  names.filter((name) => limitIn(form.get(name)) === null);

/** Returns the limits of a form that differ from those of the license. A meter's field has the prefix `meter `. */
export const limitsIn = (form: FormData, license: License): ChangedLimits => {
  const changed = (name: string, current: Limit): Limit | undefined => {
    const limit = limitIn(form.get(name));
    return limit === null || limit === current ? undefined : limit;
  };
  const counted = (['activations', 'seats', 'users'] as const).flatMap((name) => {
    const limit = changed(name, license.limits[name]);
    return limit === undefined ? [] : [[name, limit] as const];
  });
  const meters = Object.keys(license.limits.meters).flatMap((meter) => {
    const limit = changed(`meter ${meter}`, meterLimit(license, meter));
    return limit === undefined ? [] : [[meter, limit] as const];
  });
  return {
    ...Object.fromEntries(counted),
    ...(meters.length === 0 ? {} : { meters: Object.fromEntries(meters) }),
  };
};
