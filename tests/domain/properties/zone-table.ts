// A calendar of its own for the tests, from a table of offsets. It shares no code with the domain.

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000] as const;

const localTime = (zone: string) => {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  return (time: number): number => Date.parse(`${format.format(time).replace(' ', 'T')}Z`);
};

/** The offset of a zone from `since` on. */
type Offset = { readonly since: number; readonly offset: number };

const offsetsOf = (zone: string, from: number, to: number): readonly Offset[] => {
  const local = localTime(zone);
  const offsetAt = (time: number) => local(time) - time;
  const offsets: Offset[] = [{ since: Number.NEGATIVE_INFINITY, offset: offsetAt(from) }];
  for (let time = from; time < to; time += day) {
    if (offsetAt(time) === offsetAt(time + day)) continue;
    let [low, high] = [time, time + day];
    while (high - low > minute) {
      const middle = low + Math.floor((high - low) / (2 * minute)) * minute;
      if (offsetAt(middle) === offsetAt(low)) low = middle;
      else high = middle;
    }
    offsets.push({ since: high, offset: offsetAt(high) });
  }
  return offsets;
};

const tables = new Map<string, readonly Offset[]>();

/** Returns the clock of a zone for instants between two years, in milliseconds. */
export const clockOf = (zone: string, firstYear: number, lastYear: number) => {
  const key = `${zone} ${firstYear} ${lastYear}`;
  const table = tables.get(key) ?? offsetsOf(zone, Date.UTC(firstYear, 0), Date.UTC(lastYear, 0));
  tables.set(key, table);
  const offsets = [...new Set(table.map(({ offset }) => offset))].sort((a, b) => b - a);
  const offsetAt = (time: number): number => table.findLast(({ since }) => since <= time)?.offset ?? 0;
  /** The first instant at which the clock shows this time. A time that it skips moves on by as much as it skips. */
  const instantOf = (shown: number): number => {
    const offset = offsets.find((one) => one === offsetAt(shown - one));
    return shown - (offset ?? offsetAt(shown - offsetAt(shown) - 12 * hour));
  };
  /** The instant so many days or months after the start, on the clock of the zone. */
  const later = (start: number, { days = 0, months = 0 }: { days?: number; months?: number }): number => {
    if (days + months === 0) return start;
    const shown = new Date(start + offsetAt(start));
    const ofMonth = new Date(Date.UTC(shown.getUTCFullYear(), shown.getUTCMonth() + months, 1));
    const last = new Date(Date.UTC(ofMonth.getUTCFullYear(), ofMonth.getUTCMonth() + 1, 0)).getUTCDate();
    const date = ofMonth.getTime() + (Math.min(shown.getUTCDate(), last) - 1 + days) * day;
    return instantOf(date + (shown.getTime() % day));
  };
  return { later };
};
