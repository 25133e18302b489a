/** Returns an instant as a date and a time, in a zone or in that of the viewer. */
export const inZone = (at: string, timeZone?: string): string =>
  new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short', timeZone }).format(new Date(at));

/** Returns a day in few letters, in the zone of the viewer. */
export const shortDayOf = (at: string): string =>
  new Intl.DateTimeFormat('en', { dateStyle: 'medium' }).format(new Date(at));

/** Returns a day without its time, in the zone of the viewer. */
export const dayOf = (at: string): string => new Intl.DateTimeFormat('en', { dateStyle: 'long' }).format(new Date(at));

const units = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/**
 * Returns how far an instant is from now in whole units, such as "3 days ago" or "in 2 months". It names no calendar day or
 * year: 23 months ago is not always "last year".
 */
export const relative = (at: string, now = Date.now()): string => {
  const seconds = Math.round((Date.parse(at) - now) / 1_000);
  const [unit, length] = units.find(([, size]) => Math.abs(seconds) >= size) ?? (['second', 1] as const);
  const numeric = seconds === 0 ? 'auto' : 'always';
  return new Intl.RelativeTimeFormat('en', { numeric }).format(Math.trunc(seconds / length), unit);
};

/** Returns a number in groups of three digits. */
export const number = (value: number): string => new Intl.NumberFormat('en').format(value);

/** Returns an instant as a field of the type datetime-local writes it: in the zone of the viewer, without the zone. */
export const localText = (at: string): string => {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
};

/** Returns the instant in the text of a field. A text that still shows one of `known` is exactly that instant. */
export const exactInstantIn = (text: string, known: readonly string[]): string | null =>
  known.find((at) => localText(at) === text) ?? instantIn(text);

/** Returns the instant in a text of a field of the type datetime-local. Returns null for an empty or invalid text. */
export const instantIn = (text: unknown): string | null => {
  const instant = typeof text === 'string' && text !== '' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(instant) ? null : new Date(instant).toISOString();
};

/**
 * Returns the instant in a text of a field that showed an instant at first. An untouched field has that one, which may
 * have milliseconds that the field does not show.
 */
export const changedInstantIn = (text: unknown, original: string | null): string | null => {
  const instant = instantIn(text);
  return original !== null && instant === instantIn(localText(original)) ? original : instant;
};
