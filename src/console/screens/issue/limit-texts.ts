import type { Row } from '../../parts/input-rows.ts';
import type { Policy } from '../../types.ts';

/** A limit as it was typed. Null: the field is empty. */
export type LimitText = number | 'unlimited' | 'wrong' | null;

/** Returns the limit in a text: a whole number, or the word unlimited. */
export const limitIn = (text: string): LimitText => {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === '') return null;
  if (trimmed === 'unlimited') return 'unlimited';
  return /^[0-9]{1,15}$/.test(trimmed) ? Number(trimmed) : 'wrong';
};

type Meter = Policy['limits']['meters'][string];
type MeterRules = Extract<Meter, object>;

/** Returns the limit of a meter in a row, with its period unless that is the term. */
export const meterLimitIn = ({ limit = '', resets = '' }: Row): MeterRequest => {
  const count = limitIn(limit);
  const valid = count === null || count === 'wrong' ? 0 : count;
  return resets === '' || resets === 'TERM' ? valid : { limit: valid, resets: resets as MeterRules['resets'] };
};

/** A meter in a request. */
export type MeterRequest = MeterRules['limit'] | (Pick<MeterRules, 'limit' | 'resets'> & Partial<MeterRules>);

/** Returns the texts of a meter for its row. */
export const meterRowOf = (name: string, meter: Meter) =>
  typeof meter === 'object'
    ? { name, limit: String(meter.limit), resets: meter.resets }
    : { name, limit: String(meter), resets: 'TERM' };
