import { describe, expect, test } from 'vitest';
import { createPacedBatches, TooManyItems } from '../../src/async/paced-batches.ts';

/** Creates batches with a clock that only `pass` moves. `isPaced`: what the work answers. */
const paced = ({ isPaced = true, sizeMax = 10, waitingMax = 100 } = {}) => {
  // The clock that is read, and the time that really passes.
  const clock = { ms: 0 };
  let elapsedMs = 0;
  const stopping = new AbortController();
  const batches: { readonly at: number; readonly items: readonly string[] }[] = [];
  let timers: { readonly until: number; readonly wake: () => void }[] = [];
  const add = createPacedBatches<string, string>({
    work: async (items) => {
      batches.push({ at: clock.ms, items });
      if (items.includes('fails')) throw new Error('no work');
      return { results: items.map((item) => `did ${item}`), pacedFromMs: isPaced ? clock.ms : null };
    },
    fitting: (items) => Math.min(items.length, sizeMax),
    nowMs: () => clock.ms,
    everyMs: 1_000,
    waitingMax,
    stopping: stopping.signal,
    wait: (ms) => new Promise<void>((wake) => timers.push({ until: elapsedMs + ms, wake })),
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const pass = async (ms: number) => {
    await settled();
    clock.ms += ms;
    elapsedMs += ms;
    const due = timers.filter(({ until }) => until <= elapsedMs);
    timers = timers.filter(({ until }) => until > elapsedMs);
    for (const { wake } of due) wake();
    await settled();
  };
  return { add, batches, pass, settled, clock, stop: () => stopping.abort() };
};

describe('Paced batches', () => {
  test('do not let the first item of a quiet key wait, and gather the others for the rest of the second', async () => {
    const { add, batches, pass, settled } = paced();
    const first = add('a', ['1']);
    await settled();
    const others = [add('a', ['2']), add('a', ['3', '4'])];
    await pass(999);
    expect(batches).toEqual([{ at: 0, items: ['1'] }]);
    expect(await first).toEqual(['did 1']);
    // Another key does not wait for it.
    expect(await add('b', ['5'])).toEqual(['did 5']);
    await pass(1);
    expect(await Promise.all(others)).toEqual([['did 2'], ['did 3', 'did 4']]);
    expect(batches.at(-1)).toEqual({ at: 1_000, items: ['2', '3', '4'] });
  });
  test('do not wait after a batch that stored nothing', async () => {
    const { add, batches, settled } = paced({ isPaced: false });
    await add('a', ['1']);
    await add('a', ['2']);
    await settled();
    expect(batches.map(({ at }) => at)).toEqual([0, 0]);
  });
  test('leave what does not fit to the next second', async () => {
    const { add, batches, pass } = paced({ sizeMax: 2 });
    const all = add('a', ['1', '2', '3']);
    await pass(1_000);
    expect(batches.map(({ items }) => items)).toEqual([['1', '2'], ['3']]);
    expect(await all).toEqual(['did 1', 'did 2', 'did 3']);
  });
  test('tell every item of a batch that failed, and keep their distance after it', async () => {
    const { add, batches, pass, settled } = paced();
    const failing = Promise.allSettled([add('a', ['fails']), add('a', ['2'])]);
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = add('a', ['3']);
    await settled();
    expect(batches).toHaveLength(1);
    await pass(1_000);
    expect(await next).toEqual(['did 3']);
  });
  test('refuse items beyond the most that may wait', async () => {
    const { add } = paced({ waitingMax: 2 });
    const full = add('a', ['1', '2']);
    await expect(add('a', ['3'])).rejects.toThrow(TooManyItems);
    expect(await full).toEqual(['did 1', 'did 2']);
  });
  test('do not let requests wait once the server stops', async () => {
    const { add, batches, settled, stop } = paced({ sizeMax: 2 });
    await add('a', ['1']);
    const waiting = add('a', ['2', '3', '4']);
    await settled();
    expect(batches).toHaveLength(1);
    stop();
    expect(await waiting).toEqual(['did 2', 'did 3', 'did 4']);
    expect(await add('a', ['5'])).toEqual(['did 5']);
    expect(batches.map(({ at }) => at)).toEqual([0, 0, 0, 0]);
  });
  test('do not wait longer than a second for a clock that was set back', async () => {
    const { add, pass, clock, settled } = paced();
    await add('a', ['1']);
    await settled();
    const next = add('a', ['2']);
    clock.ms -= 3_600_000;
    await pass(1_000);
    expect(await next).toEqual(['did 2']);
  });
});
