import { expect, test } from 'vitest';
import { gather } from '../../src/projections/gather.ts';

/** A source that the test feeds. */
const source = () => {
  const ready: number[] = [];
  let wake = () => {};
  let failure: Error | null = null;
  let ended = false;
  let taken = 0;
  let returned = false;
  async function* deliver(): AsyncGenerator<number> {
    try {
      for (;;) {
        const next = ready.shift();
        if (next !== undefined) {
          taken += 1;
          yield next;
        } else if (failure !== null) throw failure;
        else if (ended) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      returned = true;
    }
  }
  return {
    items: deliver(),
    push: (...values: number[]) => {
      ready.push(...values);
      wake();
    },
    fail: (error: Error) => {
      failure = error;
      wake();
    },
    end: () => {
      ended = true;
      wake();
    },
    taken: () => taken,
    returned: () => returned,
  };
};

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('Everything that came while the consumer was busy is yielded together and in order', async () => {
  const { items, push, end } = source();
  const groups = gather(items, 10);
  push(1);
  expect((await groups.next()).value).toEqual([1]);
  push(2, 3, 4);
  await settled();
  expect((await groups.next()).value).toEqual([2, 3, 4]);
  end();
  expect((await groups.next()).done).toBe(true);
});

test('A group is never larger than the maximum, and no more than the maximum is read ahead', async () => {
  const { items, push, taken, end } = source();
  push(...Array.from({ length: 25 }, (_, index) => index));
  const groups = gather(items, 10);
  const first = await groups.next();
  await settled();
  expect(taken()).toBeLessThanOrEqual(first.value?.length + 11);
  end();
  const seen = [...(first.value ?? [])];
  for await (const group of groups) {
    expect(group.length).toBeLessThanOrEqual(10);
    seen.push(...group);
  }
  expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => index));
});

test('An error comes after everything that was delivered before it', async () => {
  const { items, push, fail } = source();
  push(1, 2);
  fail(new Error('dropped'));
  const groups = gather(items, 10);
  const seen: number[] = [];
  const read = async () => {
    for await (const group of groups) seen.push(...group);
  };
  await expect(read()).rejects.toThrow('dropped');
  expect(seen).toEqual([1, 2]);
});

test('Leaving the loop closes the source', async () => {
  const { items, push, returned } = source();
  push(1);
  for await (const group of gather(items, 10)) {
    expect(group).toEqual([1]);
    break;
  }
  push(2);
  await expect.poll(returned).toBe(true);
});

test('A group ends only where it may, however small the maximum is, and entries without such an end are left out', async () => {
  const { items, push, fail } = source();
  const endsGroup = (entry: number) => entry % 3 === 0;
  push(1, 2, 3, 4, 5);
  const groups = gather(items, 1, endsGroup);
  expect((await groups.next()).value).toEqual([1, 2, 3]);
  const next = groups.next();
  await settled();
  push(6);
  expect((await next).value).toEqual([4, 5, 6]);
  push(7, 8);
  fail(new Error('dropped'));
  await expect(groups.next()).rejects.toThrow('dropped');
});
