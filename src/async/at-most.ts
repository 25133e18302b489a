/**
 * Does the same work for each item, for at most `max` items at a time. Returns the results in the order of the items.
 * Rejects with the first error, and then begins no further item.
 */
export const atMost = async <Item, Result>(
  max: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> => {
  const results: Result[] = [];
  for (let first = 0; first < items.length; first += max)
    results.push(...(await Promise.all(items.slice(first, first + max).map(work))));
  return results;
};

/** How many streams one request reads at a time. */
export const readsAtOnce = 10;
