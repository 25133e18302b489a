import { describe, expect, test } from 'vitest';
import { createProgress, partOfLog } from '../../src/cli/progress.ts';

/** Returns the output when the progress is shown every second, after each twentieth of the log. */
const written = (isTTY: boolean): readonly string[] => {
  const lines: string[] = [];
  let nowMs = 1_000;
  const output = {
    isTTY,
    write: (text: string) => lines.push(text) > 0,
  };
  const progress = createProgress(output, () => nowMs);
  for (let step = 0; step <= 20; step++) {
    progress.show({ phase: 'folding', events: step * 1_000, part: partOfLog(BigInt(step), 20n) });
    nowMs += 1_000;
  }
  progress.show({ phase: 'switching', events: 20_000, part: null });
  progress.end();
  progress.end();
  return lines;
};

describe('The progress of a command', () => {
  test('is one line on a terminal, with rate and time left, which disappears at the end', () => {
    const lines = written(true);
    expect(lines).toHaveLength(21);
    expect(lines[8]).toBe(
      '\r\u001b[Kfolding   [###############...............]  50 %  10,000 events, 1,000 a second, 10 s left',
    );
    expect(lines.at(-1)).toBe('\r\u001b[K');
  });

  test('is a line every ten seconds and at each phase without a terminal', () => {
    expect(written(false)).toEqual([
      'folding   [###...........................]  10 %  2,000 events, 1,000 a second, 18 s left\n',
      'folding   [##################............]  60 %  12,000 events, 1,000 a second, 8 s left\n',
      'switching 20,000 events\n',
    ]);
  });

  test('is not shown by a command that takes less than two seconds', () => {
    const lines: string[] = [];
    const progress = createProgress({ isTTY: true, write: (text) => lines.push(text) > 0 }, () => 1_999);
    progress.show({ phase: 'folding', events: 1, part: 0.5 });
    progress.end();
    expect(lines).toEqual([]);
  });

  test('tells hours and minutes of a long command', () => {
    const lines: string[] = [];
    let nowMs = 0;
    const progress = createProgress({ write: (text) => lines.push(text) > 0 }, () => nowMs);
    for (const [seconds, part] of [
      [0, 0],
      [600, 0.05],
      [660, 0.5],
    ] as const) {
      nowMs = seconds * 1_000;
      progress.show({ phase: 'checking', events: seconds, part });
    }
    expect(lines).toEqual([
      expect.stringMatching(/, 1 a second, 3 h 10 min left\n$/),
      expect.stringMatching(/, 1 a second, 11 min left\n$/),
    ]);
  });
});
