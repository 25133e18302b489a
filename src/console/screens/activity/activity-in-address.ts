/** The groups of types of events that the feed is filtered by. */
export const eventGroups = ['sales', 'term', 'status', 'devices', 'seats', 'grants', 'keys', 'usage'] as const;
export type EventGroup = (typeof eventGroups)[number];

/** The days that the charts show. */
export const periods = ['30', '90', '365'] as const;
export type Period = (typeof periods)[number];

/** The filters in the address of the activity. Absent: all events, and the shortest period. */
export type ActivityInAddress = {
  readonly group?: EventGroup;
  readonly license?: string;
  readonly days?: Period;
};

/** Returns the filters in an address. Unknown values are ignored. */
export const activityIn = (search: Record<string, unknown>): ActivityInAddress => {
  const group = eventGroups.find((name) => name === search.group);
  // The address has a number without quotation marks.
  const days = periods.find((period) => period === String(search.days));
  const license = typeof search.license === 'string' && isLicenseId(search.license) ? search.license : undefined;
  return {
    ...(group === undefined ? {} : { group }),
    ...(license === undefined ? {} : { license }),
    ...(days === undefined ? {} : { days }),
  };
};

/** Returns true for a text that has the form of the id of a license. */
export const isLicenseId = (text: string): boolean => /^lic_[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(text);
