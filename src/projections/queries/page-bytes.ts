/** The size of the data of events, as JSON, at which a page ends, in bytes. A page has at least one event. */
export const pageBytesMax = 4_000_000;

/** Returns how many of the first entries have `max` bytes together at most; 1 when the first one has more. */
export const countWithin = (sizes: readonly number[], max: number): number => {
  let sum = 0;
  const beyond = sizes.findIndex((size) => {
    sum += size;
    return sum > max;
  });
  return beyond === -1 ? sizes.length : Math.max(beyond, 1);
};
