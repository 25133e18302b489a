import { defaultRangeExtractor, type Range } from '@tanstack/react-virtual';

/** A row to render, or the height of the rows between two rendered ones. */
export type VirtualPart = { readonly row: number } | { readonly gap: number; readonly before: number };

type Item = { readonly index: number; readonly start: number; readonly end: number };

/** Returns the rendered rows with the gaps between them, so that each row is where it would be among all rows. */
export const partsOf = (items: readonly Item[], total: number, from: number): readonly VirtualPart[] => {
  const parts: VirtualPart[] = [];
  let end = from;
  for (const item of items) {
    if (item.start > end) parts.push({ gap: item.start - end, before: item.index });
    parts.push({ row: item.index });
    end = item.end;
  }
  const rest = total + from - end;
  if (rest > 0) parts.push({ gap: rest, before: -1 });
  return parts;
};

/** Returns the rows of a range, and the row with the focus, so that the focus is not lost while the page scrolls. */
export const rangeWith =
  (focused: number | null) =>
  (range: Range): number[] => {
    const rows = defaultRangeExtractor(range);
    if (focused === null || focused >= range.count || rows.includes(focused)) return rows;
    return [...rows, focused].sort((one, other) => one - other);
  };
