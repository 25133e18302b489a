import { describe, expect, test } from 'vitest';
import { createProgress } from '../../src/cli/progress.ts';
import type { RebuildProgress } from '../../src/projections/rebuild/rebuild.ts';

const folding = (part: number): RebuildProgress => ({
  phase: 'folding',
  events: part * 1_000,
  position: BigInt(part),
  head: 10n,
});

/** Returns the output when the progress is shown every second, after each tenth of the log. */
const written = (isTTY: boolean): readonly string[] => {
  const lines: string[] = [];
  let nowMs = 1_000;
  const output = {
    isTTY,
    write: (text: string) => lines.push(text) > 0,
  };
  const progress = createProgress(output, () => nowMs);
  for (let part = 0; part <= 10; part++) {
    progress.show(folding(part));
    nowMs += 1_000;
  }
  progress.show({ ...folding(10), phase: 'switching' });
  progress.end();
  return lines;
};

describe('The progress of a rebuild', () => {
  test('is a bar on a terminal, which disappears at the end', () => {
    const lines = written(true);
    expect(lines).toHaveLength(13);
    expect(lines[5]).toBe('\r\u001b[Kfolding   [###############...............]  50 %  5,000 events, 1,000 a second');
    expect(lines.at(-1)).toBe('\r\u001b[K');
  });

  test('is a line every few seconds and at each phase without a terminal', () => {
    expect(written(false)).toEqual([
      'folding   [..............................]   0 %  0 events, 0 a second\n',
      'folding   [###############...............]  50 %  5,000 events, 1,000 a second\n',
      'folding   [##############################] 100 %  10,000 events, 1,000 a second\n',
      'switching [##############################] 100 %  10,000 events\n',
    ]);
  });
});
