import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from '../../src/api/cursor.ts';
import { parseSecrets } from '../../src/identity/secrets.ts';

const secretOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const secrets = parseSecrets(secretOf(1));

test('A cursor returns to its place, in its own list only', () => {
  const cursor = encodeCursor(secrets, 'list a', 'lic_1');
  expect(decodeCursor(secrets, 'list a', cursor)).toBe('lic_1');
  expect(decodeCursor(secrets, 'list b', cursor)).toBeNull();
});

test('A changed or foreign cursor is refused', () => {
  const cursor = encodeCursor(secrets, 'list', 'lic_1');
  for (let at = 0; at < cursor.length; at++) {
    const changed = `${cursor.slice(0, at)}${cursor[at] === 'A' ? 'B' : 'A'}${cursor.slice(at + 1)}`;
    const place = decodeCursor(secrets, 'list', changed);
    // The last symbol of base64 has unused bits, which change nothing.
    expect(place === null || (at === cursor.length - 1 && place === 'lic_1')).toBe(true);
  }
  expect(decodeCursor(parseSecrets(secretOf(2)), 'list', cursor)).toBeNull();
  expect(decodeCursor(secrets, 'list', '')).toBeNull();
});

test('A cursor works after a rotation of the signing secret', () => {
  const cursor = encodeCursor(secrets, 'list', 'lic_1');
  expect(decodeCursor(parseSecrets(`${secretOf(2)},${secretOf(1)}`), 'list', cursor)).toBe('lic_1');
});
