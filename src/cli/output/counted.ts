/** Returns a number with its noun, `1 event` or `2 events`. `plural`: where the noun takes no s. */
export const counted = (count: number | bigint, noun: string, plural = `${noun}s`): string =>
  `${count} ${Number(count) === 1 ? noun : plural}`;
