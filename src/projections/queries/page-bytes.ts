/** The size of the data of events, as JSON, at which a page ends, in bytes. A page has at least one event. */
export const pageBytesMax = 4_000_000;
