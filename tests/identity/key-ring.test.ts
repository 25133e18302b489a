import { createHash, generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAccessTokens } from '../../src/identity/access-token.ts';
import { type SigningKey, writeNewKey } from '../../src/identity/key-files.ts';
import { type KeyRing, openKeyRing } from '../../src/identity/key-ring.ts';
import { rotateKeys } from '../../src/identity/make-keys.ts';
import { condition, runLedger } from '../support/product.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const now = () => new Date();
const newDirectory = async () => path.join(await temporaryDirectory(), 'keys');

const open = async (directory: string, reloadMs = 20) => {
  const warnings: string[] = [];
  const ring = await openKeyRing({ directory, now, warn: (sentence) => warnings.push(sentence), reloadMs });
  onTestFinished(() => ring.close());
  return { ring, warnings };
};

const rotate = async (directory: string, force = false, accessTokenSeconds = 3_600, at = now) => {
  const rotation = await rotateKeys({ directory, accessTokenSeconds, now: at, force });
  if ('refused' in rotation) throw new Error(rotation.refused);
  return rotation;
};

const tokensOf = (ring: KeyRing) => createAccessTokens({ ring, accessTokenSeconds: 3_600, nowMs: Date.now });
const session = { sub: 'usr_01h455vb4pex5vsknk084sn02q', tid: null, sid: 'session' };

describe('A directory of keys', () => {
  test('gets a private first key at the first start and keeps it at the next start', async () => {
    const directory = await newDirectory();
    const { ring } = await open(directory);
    const { kid, file } = ring.signing();
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual([path.basename(file)]);
    expect(path.basename(file)).toMatch(new RegExp(`^\\d{8}T\\d{9}Z-${kid}\\.pem$`));
    expect((await open(directory)).ring.signing().kid).toBe(kid);
  });

  test('gets one first key when many processes start at once', async () => {
    const directory = await newDirectory();
    const rings = await Promise.all(Array.from({ length: 12 }, () => open(directory)));
    expect(new Set(rings.map(({ ring }) => ring.signing().kid)).size).toBe(1);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  test('opens although a crash left its lock behind', async () => {
    const directory = await newDirectory();
    mkdirSync(directory, { mode: 0o700 });
    const lock = path.join(directory, '.lock');
    writeFileSync(lock, '');
    utimesSync(lock, 0, 0);
    expect((await open(directory)).ring.jwks().keys).toHaveLength(1);
    expect(existsSync(lock)).toBe(false);
  });

  test('publishes its public keys only, with the kid of RFC 7638', async () => {
    const { ring } = await open(await newDirectory());
    const [key, ...more] = ring.jwks().keys;
    expect(more).toEqual([]);
    expect(Object.keys(key ?? {}).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
    const thumbprint = createHash('sha256')
      .update(`{"crv":"P-256","kty":"EC","x":"${key?.x}","y":"${key?.y}"}`)
      .digest('base64url');
    expect(key?.kid).toBe(thumbprint.slice(0, 16));
  });

  const pemOf = (type: 'P-384' | 'rsa' | 'public' | 'P-256'): string | Buffer => {
    if (type === 'rsa') {
      return generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
    }
    const pair = generateKeyPairSync('ec', { namedCurve: type === 'P-384' ? 'P-384' : 'P-256' });
    return type === 'public'
      ? pair.publicKey.export({ type: 'spki', format: 'pem' })
      : pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
  };

  test.each([
    ['a key of another curve', pemOf('P-384'), /not a key of the curve P-256/],
    ['an RSA key', pemOf('rsa'), /not a key of the curve P-256/],
    ['a public key', pemOf('public'), /not a private key/],
    ['no key', 'nothing', /not a private key/],
    ['a key under another name', pemOf('P-256'), /Rename it, .* to \d{8}T\d{9}Z-[\w-]{16}\.pem/],
  ])('with %s is refused with advice', async (_, pem, sentence) => {
    const directory = await newDirectory();
    mkdirSync(directory, { mode: 0o700 });
    writeFileSync(path.join(directory, '20261124T144500000Z-AAAAAAAAAAAAAAAA.pem'), pem, { mode: 0o600 });
    await expect(open(directory)).rejects.toThrow(sentence);
  });

  test.each([0o640, 0o604, 0o660])('with a key of mode %o is refused', async (mode) => {
    const directory = await newDirectory();
    const { file } = await writeNewKey(directory, now());
    chmodSync(file, mode);
    await expect(open(directory)).rejects.toThrow(/Others may read the key/);
  });

  test('is refused when others may write to it', async () => {
    const directory = await newDirectory();
    await writeNewKey(directory, now());
    chmodSync(directory, 0o770);
    await expect(open(directory)).rejects.toThrow(/Others may write to the directory/);
  });
});

describe('A rotation', () => {
  test('creates the key that signs, keeps the previous key, and removes older ones', async () => {
    const directory = await newDirectory();
    const first = (await rotate(directory)).created;
    const second = (await rotate(directory)).created;
    const third = await rotate(directory, true);
    expect(third.removed.map(({ kid }) => kid)).toEqual([first.kid]);
    const { ring } = await open(directory);
    expect(ring.signing().kid).toBe(third.created.kid);
    expect(ring.jwks().keys.map(({ kid }) => kid)).toEqual([third.created.kid, second.kid]);
  });

  test('is refused with the reason, and changes nothing, while tokens of a key to remove are valid', async () => {
    const directory = await newDirectory();
    await rotate(directory);
    const { created } = await rotate(directory);
    const files = readdirSync(directory);
    const at = (seconds: number) => () => new Date(created.createdAt.getTime() + seconds * 1_000);
    const early = { directory, accessTokenSeconds: 600, now: at(609), force: false };
    expect(await rotateKeys(early)).toEqual({
      refused: expect.stringMatching(/live for 600 seconds.*still in use\. Try again in 1 seconds, or .*--force/),
    });
    expect(readdirSync(directory)).toEqual(files);
    expect((await rotate(directory, false, 600, at(610))).removed).toHaveLength(1);
  });

  test('creates the newest key also after the clock was set back', async () => {
    const directory = await newDirectory();
    const { created } = await rotate(directory);
    const next = await rotate(directory, true, 3_600, () => new Date(created.createdAt.getTime() - 1e9));
    expect((await open(directory)).ring.signing().kid).toBe(next.created.kid);
  });

  test('is refused when a file of the directory cannot be used', async () => {
    const directory = await newDirectory();
    await rotate(directory);
    writeFileSync(path.join(directory, 'x.pem'), 'x', { mode: 0o600 });
    await expect(rotate(directory)).rejects.toThrow(/not a private key/);
  });
});

describe('A running process', () => {
  const signsWith = (ring: KeyRing, { kid }: SigningKey) =>
    condition('the new key signs', () => ring.jwks().keys[0]?.kid === kid);

  test('signs with the new key, accepts tokens of the old key, and refuses them when its file is removed', async () => {
    const directory = await newDirectory();
    const { ring } = await open(directory);
    const old = ring.signing();
    const { signAccessToken, verifyAccessToken } = tokensOf(ring);
    const { token } = signAccessToken(session);
    await signsWith(ring, (await rotate(directory)).created);
    expect(await verifyAccessToken(token)).toMatchObject(session);
    const next = signAccessToken(session).token;
    rmSync(old.file);
    await condition('the old key is out of the ring', () => !ring.has(old.kid));
    expect(await verifyAccessToken(token)).toBeNull();
    expect(await verifyAccessToken(next)).toMatchObject(session);
  });

  test('accepts a token of a new key at once', async () => {
    const directory = await newDirectory();
    const never = 3_600_000;
    const { ring } = await open(directory, never);
    const { created } = await rotate(directory);
    const other = (await open(directory, never)).ring;
    const { token } = tokensOf(other).signAccessToken(session);
    expect(ring.has(created.kid)).toBe(false);
    expect(await tokensOf(ring).verifyAccessToken(token)).toMatchObject(session);
    expect(ring.signing().kid).toBe(created.kid);
  });

  test('reads the disk for an unknown kid at most once a second, and never for a malformed kid', async () => {
    const directory = await newDirectory();
    const { ring } = await open(directory, 3_600_000);
    await rotate(directory);
    for (const kid of ['', '../x', 'A'.repeat(17), `${'A'.repeat(15)}\0`]) expect(await ring.find(kid)).toBeNull();
    expect(ring.jwks().keys).toHaveLength(1);
    expect(await ring.find('A'.repeat(16))).toBeNull();
    expect(ring.jwks().keys).toHaveLength(2);
    rmSync(directory, { recursive: true });
    await Promise.all(Array.from({ length: 1_000 }, () => ring.find('B'.repeat(16))));
    expect(ring.jwks().keys).toHaveLength(2);
  });

  test('keeps its keys when a faulty file appears or the directory cannot be read, and warns once', async () => {
    const directory = await newDirectory();
    const { ring, warnings } = await open(directory);
    const { kid } = ring.signing();
    writeFileSync(path.join(directory, 'x.pem'), 'x', { mode: 0o600 });
    await condition('it warned', () => warnings.length > 0);
    expect(warnings).toEqual([expect.stringMatching(/x\.pem is not a private key/)]);
    chmodSync(directory, 0o777);
    await condition('it warned again', () => warnings.length > 1);
    expect(warnings[1]).toMatch(/Others may write/);
    expect(ring.signing().kid).toBe(kid);
    chmodSync(directory, 0o700);
    rmSync(path.join(directory, 'x.pem'));
    await signsWith(ring, (await rotate(directory)).created);
  });

  test('says what to do when the last key is removed, and uses the next one', async () => {
    const directory = await newDirectory();
    const { ring } = await open(directory);
    rmSync(ring.signing().file);
    await condition('the ring is empty', () => ring.jwks().keys.length === 0);
    expect(() => ring.signing()).toThrow(/Create one with: ledger keys rotate/);
    await signsWith(ring, (await rotate(directory)).created);
  });
});

test('A running process notices ledger keys rotate, list shows the use of each key, and a second rotation is refused', async () => {
  const directory = await newDirectory();
  const { ring } = await open(directory);
  const first = ring.signing().kid;
  const env = { JWT_KEYS_DIR: directory };
  expect(await runLedger(['keys', 'rotate'], env)).toMatchObject({ code: 0 });
  await condition('the ring signs with the new key', () => ring.signing().kid !== first);
  const { kid } = ring.signing();

  const listed = await runLedger(['keys', 'list', '--json'], env);
  expect(JSON.parse(listed.output)).toMatchObject([
    { kid, signs: true, verifies: true },
    { kid: first, signs: false, verifies: true },
  ]);
  const table = (await runLedger(['keys', 'list'], env)).output;
  expect(table).toMatch(new RegExp(`${kid} .*signs, verifies\n${first} .*Z  verifies\n`));

  const refused = await runLedger(['keys', 'rotate'], env);
  expect(refused).toMatchObject({ code: 5, output: expect.stringMatching(/still in use/) });
  const forced = await runLedger(['keys', 'rotate', '--force'], env);
  expect(forced).toMatchObject({ code: 0, output: expect.stringMatching(`${first} was removed`) });
  await condition('the first key is gone', () => !ring.has(first));
}, 120_000);
