/** Returns the instant in a field for a date and a time, which is in the zone of the viewer. Null: empty or invalid. */
export const instantIn = (text: string): string | null => {
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? null : new Date(instant).toISOString();
};

/** Returns an instant as a field for a date and a time writes it, in the zone of the viewer and to the minute. */
export const localTextOf = (at: string): string => {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};
