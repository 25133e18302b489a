/** The entries of a list that were read until now, and how to read more. */
export type Pages<Entry> = {
  readonly entries: readonly Entry[];
  readonly isPending: boolean;
  /** A read has succeeded, so the entries are known also when a later read fails. */
  readonly isKnown: boolean;
  /** The last read failed. The entries of earlier reads stay. */
  readonly error: Error | null;
  readonly retry: () => void;
  readonly hasMore: boolean;
  readonly isReadingMore: boolean;
  readonly readMore: () => void;
};

/** Returns a list with only the entries that have these ids. It has more until all of them were read. */
export const onlyIds = <Entry>(
  pages: Pages<Entry>,
  ids: readonly string[],
  idOf: (entry: Entry) => string,
): Pages<Entry> => {
  const chosen = new Set(ids);
  const entries = pages.entries.filter((entry) => chosen.has(idOf(entry)));
  const hasMore = pages.hasMore && entries.length < ids.length;
  return { ...pages, entries, hasMore, isPending: pages.isPending || (pages.isReadingMore && entries.length === 0) };
};
