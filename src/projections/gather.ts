import { createWakeUp } from '../async/wake-up.ts';

/**
 * Groups what a source delivers. A group holds everything that has come while the consumer was busy, at most `max`, and
 * never waits for more. Reads at most `max` ahead. When the source fails, yields what it delivered before the error. A
 * group ends only after an entry that `endsGroup` is true for, so it may be larger, and leaves out what lacks its end.
 */
export async function* gather<T>(
  source: AsyncIterable<T>,
  max: number,
  endsGroup: (entry: T) => boolean = () => true,
): AsyncGenerator<readonly T[]> {
  const iterator = source[Symbol.asyncIterator]();
  let waiting: T[] = [];
  let end: { readonly failed: boolean; readonly error?: unknown } | null = null;
  const [arrived, taken] = [createWakeUp(), createWakeUp()];

  const read = async () => {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      waiting.push(next.value);
      arrived.wake();
      while (waiting.length >= max && endsGroup(next.value)) await taken.wait();
    }
  };
  read().then(
    () => {
      end = { failed: false };
      arrived.wake();
    },
    (error: unknown) => {
      end = { failed: true, error };
      arrived.wake();
    },
  );

  try {
    for (;;) {
      while (!waiting.some(endsGroup) && end === null) await arrived.wait();
      const size = waiting.findLastIndex(endsGroup) + 1;
      const group = waiting.slice(0, size);
      waiting = waiting.slice(size);
      taken.wake();
      if (group.length > 0) yield group;
      else if (end !== null) break;
    }
    throwIfFailed(end);
  } finally {
    // Not awaited, because a source that hangs in its last read would delay its own replacement.
    iterator.return?.().catch(() => undefined);
  }
}

const throwIfFailed = (end: { readonly failed: boolean; readonly error?: unknown } | null): void => {
  if (end?.failed === true) throw end.error;
};
