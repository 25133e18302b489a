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

/** A meter in a request. The rules that it leaves out stay those of the policy. */
export type MeterRequest = MeterRules['limit'] | (Pick<MeterRules, 'limit'> & Partial<MeterRules>);

/** Returns the meter of a row, with the rules that the row has. */
export const meterRequestIn = ({ limit = '', resets = '', overage = '' }: Row): MeterRequest => {
  const typed = limitIn(limit);
  const count = typed === null || typed === 'wrong' ? 0 : typed;
  if (resets === '' && overage === '') return count;
  return {
    limit: count,
    ...(resets === '' ? {} : { resets: resets as MeterRules['resets'] }),
    ...(overage === '' ? {} : { overage: JSON.parse(overage) as MeterRules['overage'] }),
  };
};

/** Returns the texts of a meter for its row. A row without a text for a rule leaves the rule to the policy. */
export const meterRowOf = (name: string, meter: MeterRequest): Readonly<Record<string, string>> =>
  typeof meter === 'object'
    ? {
        name,
        limit: String(meter.limit),
        resets: meter.resets ?? '',
        overage: meter.overage === undefined ? '' : JSON.stringify(meter.overage),
      }
    : { name, limit: String(meter) };

/** Returns the period of a meter of a policy. Undefined: the policy does not have the meter. */
export const periodIn = (meters: Policy['limits']['meters'], name: string): MeterRules['resets'] | undefined => {
  const meter = Object.hasOwn(meters, name) ? meters[name] : undefined;
  return typeof meter === 'object' ? meter.resets : meter === undefined ? undefined : 'TERM';
};

/** Returns a meter of a request as a license of a policy shows it: with the rules of the policy that it leaves out. */
export const mergedMeter = (name: string, request: MeterRequest, { limits: { meters }, overage }: Policy): Meter => {
  const before = Object.hasOwn(meters, name) ? meters[name] : undefined;
  const rules: Partial<MeterRules> = {
    ...(typeof before === 'object' ? before : {}),
    ...(typeof request === 'object' ? request : { limit: request }),
  };
  const { limit = 0, resets = 'TERM' } = rules;
  const isPlain = resets === 'TERM' && rules.overage === undefined;
  return isPlain ? limit : { limit, resets, overage: rules.overage ?? overage };
};
