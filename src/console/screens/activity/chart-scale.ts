const linesMax = 3;
const labelsMax = 5;
/** The smallest top of a chart, so that one event does not look like a peak. */
const topMin = 4;

/** Returns the numbers at the lines of a chart from 0 upwards, in steps of 1, 2 or 5 times a power of ten. */
export const linesFor = (counts: readonly number[]): readonly number[] => {
  const top = Math.max(topMin, ...counts);
  const power = 10 ** Math.floor(Math.log10(top / linesMax));
  const step = power * ([1, 2, 5].find((factor) => power * factor * linesMax >= top) ?? 10);
  return Array.from({ length: Math.ceil(top / step) + 1 }, (_, index) => index * step);
};

/** Returns the columns of a chart that have a label, at equal distances. */
export const labelledColumns = (count: number): readonly number[] => {
  const distance = Math.max(1, Math.ceil(count / labelsMax));
  return Array.from({ length: Math.ceil(count / distance) }, (_, index) => index * distance);
};
