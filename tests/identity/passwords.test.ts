import argon2 from 'argon2';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createPasswords, isOwnAddress, passwordFault, TooManyLogins } from '../../src/identity/passwords.ts';

describe('A password', () => {
  test('matches only its own hash, which names its cost', async () => {
    const { hash, verify } = createPasswords();
    const stored = await hash('correct horse');
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await hash('correct horse')).not.toBe(stored);
    expect(await verify(stored, 'correct horse')).toBe('right');
    expect(await verify(stored, 'correct hors')).toBe('wrong');
    expect(await verify(stored, '')).toBe('wrong');
  });

  test('is compared to its last character, also when it is very long or contains NUL', async () => {
    const { hash, verify } = createPasswords();
    for (const long of ['x'.repeat(256), 'before\0after', '🔑'.repeat(256)]) {
      const stored = await hash(`${long.slice(0, -1)}${long.slice(-1)}`);
      expect(await verify(stored, long)).toBe('right');
      expect(await verify(stored, [...long].slice(0, -1).join(''))).toBe('wrong');
    }
  });

  test('is the same in every Unicode encoding that a keyboard sends', async () => {
    const { hash, verify } = createPasswords();
    expect(await verify(await hash('caf\u00e9 au lait'), 'cafe\u0301 au lait')).toBe('right');
  });

  test('with a hash of a lower cost is right, but outdated', async () => {
    const { verify } = createPasswords();
    const cheap = await argon2.hash('correct horse', { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
    expect(await verify(cheap, 'correct horse')).toBe('right_but_outdated');
    expect(await verify(cheap, 'another')).toBe('wrong');
  });

  test('of an unknown user is wrong, after the same work', async () => {
    const { hash, verify } = createPasswords();
    // The hash names the work that argon2 does. The benchmark measures the time.
    const argon = vi.spyOn(argon2, 'verify');
    onTestFinished(() => argon.mockRestore());
    expect(await verify(null, 'correct horse')).toBe('wrong');
    expect(await verify(await hash('another'), 'correct horse')).toBe('wrong');
    const works = argon.mock.calls.map(([digest]) => ({ cost: digest.split('$').slice(0, 4), length: digest.length }));
    expect(works[0]).toEqual(works[1]);
  });

  test.each([
    { cores: 1, atOnce: 1 },
    { cores: 2, atOnce: 1 },
    { cores: 3, atOnce: 2 },
    { cores: 16, atOnce: 2 },
  ])('is hashed with $atOnce at once on $cores cores; 32 more wait, and a further one is refused', async (example) => {
    const { cores, atOnce } = example;
    const { verify } = createPasswords({ cores });
    const cheap = await argon2.hash('right', { memoryCost: 1_024, timeCost: 2, parallelism: 1 });
    const original = argon2.verify;
    let running = 0;
    let runningMost = 0;
    const argon = vi.spyOn(argon2, 'verify').mockImplementation(async (digest, password) => {
      running += 1;
      runningMost = Math.max(runningMost, running);
      const right = await original(digest, password);
      running -= 1;
      return right;
    });
    onTestFinished(() => argon.mockRestore());

    const ended = await Promise.allSettled(Array.from({ length: 40 }, () => verify(cheap, 'right')));
    expect(ended.slice(0, 32 + atOnce)).toEqual(
      Array(32 + atOnce).fill({ status: 'fulfilled', value: 'right_but_outdated' }),
    );
    expect(ended.slice(32 + atOnce)).toEqual(
      Array(8 - atOnce).fill({ status: 'rejected', reason: expect.any(TooManyLogins) }),
    );
    expect(runningMost).toBe(atOnce);
    expect(await verify(cheap, 'wrong')).toBe('wrong');
  });

  test('that cannot be checked lets the next one proceed', async () => {
    const { verify } = createPasswords();
    const broken = Array.from({ length: 10 }, () => verify('no hash', 'x'));
    for (const one of await Promise.allSettled(broken)) expect(one.status).toBe('rejected');
    expect(await verify(null, 'x')).toBe('wrong');
  });
});

describe('A new password', () => {
  test.each([
    '1234567890',
    'password123',
    'QWERTYUIOP',
    'Welcome123',
    'basketball',
    // Wide letters equal normal ones when a password is checked.
    'ｂａｓｋｅｔｂａｌｌ',
    // These are far down in the list, at 25,036, 25,382 and 49,229.
    'beautiful1',
    'Management',
    '193570356033',
  ])('%s is refused as common', (password) => expect(passwordFault(password)).toMatch(/most common/));

  test.each([
    ['', 0],
    ['nine99999', 9],
    ['🔑🔑🔑🔑', 4],
    ['x'.repeat(257), 257],
  ])('with a wrong number of characters is refused: %j', (password, characters) => {
    expect(passwordFault(password)).toMatch(new RegExp(`10 to 256 characters; this one has ${characters}\\.`));
  });

  test.each(['xxxxxxxxxx', 'zZzZzZzZzZzZ', '🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑', '          ', 'ｗwｗwｗwｗwｗw'])(
    'of one repeated character is refused: %j',
    (password) => expect(passwordFault(password)).toMatch(/repeats one character/),
  );

  test.each([
    ['ann.lee@vendor.example', 'ann.lee@vendor.example'],
    ['ANN.Lee@vendor.example', 'ann.lee@VENDOR.example'],
    ['christopher.lee', 'Christopher.Lee@vendor.example'],
    ['ａnn.lee@vendor.example', 'ann.lee@vendor.example'],
  ])('%s is refused for the user %s', (password, email) => {
    expect(passwordFault(password)).toBeNull();
    expect(isOwnAddress(password, email)).toBe(true);
  });

  test('that only contains the address is accepted', () => {
    expect(isOwnAddress('my ann.lee@vendor.example', 'ann.lee@vendor.example')).toBe(false);
    expect(isOwnAddress('vendor.example', 'ann.lee@vendor.example')).toBe(false);
  });

  test.each([
    'ten 101010',
    'only lower case letters',
    '🔑🗝🔒🔓🔐🚪🏠🚗🚕🚙',
    `y${'x'.repeat(255)}`,
    '    ten spaces    ',
  ])('%s is accepted, with any kind of characters', (password) => expect(passwordFault(password)).toBeNull());
});
