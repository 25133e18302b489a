import { parseDuration } from '../../domain/time.ts';

const daySeconds = 86_400;

/** The units in which seconds are written, the greatest first. */
const secondUnits = [
  ['day', daySeconds],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

const counted = (value: number, unit: string): string =>
  new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'long' }).format(value);

/** Returns seconds in the greatest unit that has no remainder, such as "7 days" or "90 minutes". */
export const secondsText = (seconds: number): string => {
  const [unit, length] =
    secondUnits.find(([, size]) => seconds !== 0 && seconds % size === 0) ?? (['second', 1] as const);
  return counted(seconds / length, unit);
};

/** Returns the seconds of a text such as "7 days", "12 h" or "90". Null when it is no such text. */
export const secondsIn = (text: string): number | null => {
  const [, amount = '', unit = ''] = /^\s*([0-9]{1,12})\s*([a-z]*)\s*$/i.exec(text) ?? [];
  if (amount === '') return null;
  const length = secondUnits.find(([name]) => isUnit(unit, name))?.[1] ?? (unit === '' ? 1 : null);
  return length === null ? null : Number(amount) * length;
};

/** Returns true for a unit in full, in the plural, or by its first letter. */
const isUnit = (text: string, name: string): boolean =>
  [name, `${name}s`, name.slice(0, 1)].includes(text.toLowerCase());

const isoForm = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;
const isoUnits = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second'] as const;

/** Returns an ISO 8601 duration in words, such as "1 year" for P1Y. Another text stays as it is. */
export const durationText = (iso: string): string => {
  const [, ...amounts] = isoForm.exec(iso) ?? [];
  const named = isoUnits.flatMap((unit, index) => {
    const amount = amounts[index];
    return amount === undefined ? [] : [counted(Number(amount), unit)];
  });
  return named.length === 0 ? iso : new Intl.ListFormat('en', { type: 'unit' }).format(named);
};

/** Returns a duration in words when the words say the same. */
export const lengthText = (iso: string): string => {
  const words = durationText(iso);
  return isoDurationIn(words) === iso ? words : iso;
};

const isoLetters: Readonly<Record<string, string>> = {
  year: 'Y',
  month: 'M',
  week: 'W',
  day: 'D',
  hour: 'H',
  minute: 'M',
};
const timeUnits = ['hour', 'minute'];

/** Returns the ISO 8601 duration of a text such as "1 year", "30 days" or "P1Y". Null when it is no such text. */
export const isoDurationIn = (text: string): string | null => {
  const trimmed = text.trim();
  const iso = /^P/i.test(trimmed) ? trimmed.toUpperCase() : isoOfWords(trimmed);
  return parseDuration(iso) === null ? null : iso;
};

const isoOfWords = (text: string): string => {
  const [, amount = '', word = ''] = /^([0-9]{1,6})\s*([a-z]+)$/i.exec(text) ?? [];
  const unit = word.toLowerCase().replace(/s$/, '');
  return `${timeUnits.includes(unit) ? 'PT' : 'P'}${amount}${isoLetters[unit] ?? ''}`;
};
