import { expect, test } from 'vitest';
import { countingFailures, createPasswordTries } from '../../../src/api/rate-limit/password-tries.ts';
import { createRateLimiter } from '../../../src/api/rate-limit/rate-limiter.ts';
import { standardLimits } from '../../../src/rate-limits.ts';

const startOfDay = 1_000 * 86_400_000;
const dayMs = 86_400_000;

/** The tries of one process, with the standard limits. */
const openLimits = () => {
  const clock = { ms: startOfDay };
  const limiter = createRateLimiter({
    limits: standardLimits,
    nowMs: () => clock.ms,
    redis: null,
    log: { warn: () => undefined },
  });
  return { clock, from: (place: string) => createPasswordTries(limiter, place) };
};

/** Tries an account from each place, every minute of a day. Returns the number of passwords that were checked. */
const guessesOfADay = async (places: number) => {
  const { clock, from } = openLimits();
  const all = Array.from({ length: places }, (_, place) => from(String(place)));
  let checked = 0;
  for (clock.ms = startOfDay; clock.ms < startOfDay + dayMs; clock.ms += 60_000) {
    for (const place of all) if ((await place.takeTry({ account: 'a' })) === null) checked += 1;
  }
  return checked;
};

// The arithmetic of docs/operations.md.
test.each([
  [1, 20],
  [3, 60],
  [10, 200],
  [40, 200],
])('Guesses from %i networks check %i passwords of an account a day', async (places, checked) => {
  expect(await guessesOfADay(places)).toBe(checked);
});

test('One network does not close the way in for others, however often it tries', async () => {
  const { clock, from } = openLimits();
  for (clock.ms = startOfDay; clock.ms < startOfDay + dayMs; clock.ms += 60_000)
    await from('a').takeTry({ account: 'x' });
  clock.ms = startOfDay + dayMs - 1;
  expect(await from('b').takeTry({ account: 'x' })).toBeNull();
});

test('Tries that an account refuses do not use up those of their network', async () => {
  const { clock, from } = openLimits();
  for (let place = 0; place < 20; place += 1) {
    for (let n = 0; n < 10; n += 1) await from(String(place)).takeTry({ account: 'x' });
  }
  for (let n = 0; n < 50; n += 1) {
    expect((await from('owner').takeTry({ account: 'x' }))?.detail).toContain('The limit login_account of 200 ');
  }
  clock.ms = startOfDay + dayMs;
  expect(await from('owner').takeTry({ account: 'x' })).toBeNull();
});

test('A device has tries of its own', async () => {
  const { from } = openLimits();
  for (let n = 0; n < 10; n += 1) expect(await from('a').takeTry({ device: 'd' })).toBeNull();
  expect((await from('b').takeTry({ device: 'd' }))?.detail).toContain('The limit login_device of 10 ');
  expect(await from('b').takeTry({ device: 'e' })).toBeNull();
});

test('Only failures count, also when many logins arrive at once', async () => {
  const { from } = openLimits();
  const right = async () => ({ status: 200 });
  for (let round = 0; round < 20; round += 1) {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => countingFailures(from('a'), { account: 'x' }, right)),
    );
    expect(answers).toEqual(Array(10).fill({ status: 200 }));
  }
});

test('A try that nothing was decided about does not count', async () => {
  const { from } = openLimits();
  const failing = async () => {
    throw new Error('The database does not answer.');
  };
  for (let n = 0; n < 30; n += 1) {
    await expect(countingFailures(from('a'), { account: 'x' }, failing)).rejects.toThrow('does not answer');
  }
});

test('A success that is taken back in the next window allows no further guess in it', async () => {
  const { clock, from } = openLimits();
  await from('a').takeTry({ account: 'x' });
  clock.ms += dayMs;
  await from('a').takeBackTry({ account: 'x' });
  for (let n = 0; n < 10; n += 1) expect(await from('a').takeTry({ account: 'x' })).toBeNull();
  expect(await from('a').takeTry({ account: 'x' })).not.toBeNull();
});

test('A mailed reset opens the way in again', async () => {
  const { from } = openLimits();
  for (let place = 0; place < 20; place += 1) {
    for (let n = 0; n < 10; n += 1) await from(String(place)).takeTry({ account: 'x' });
  }
  expect(await from('owner').takeTry({ account: 'x' })).not.toBeNull();
  await from('owner').reopenAccount('x');
  expect(await from('owner').takeTry({ account: 'x' })).toBeNull();
  // The places of the guesses stay closed.
  expect(await from('3').takeTry({ account: 'x' })).not.toBeNull();
});
