import { describe, expect, test } from 'vitest';
import { verifyEd25519 } from '../../src/proof/hashing/ed25519.ts';
import { InvalidProof } from '../../src/proof/invalid.ts';
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from '../../src/proof/notes/checkpoints.ts';
import { formatOrigin, parseOrigin, restartedOrigin } from '../../src/proof/notes/log-origins.ts';
import {
  formatNote,
  formatSignature,
  parseNote,
  parseSignatures,
  verifyNote,
} from '../../src/proof/notes/signed-notes.ts';
import { formatVerifierKey, parseVerifierKey, verifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { addCosignatures, formatWitnessRequest, parseWitnessRequest } from '../../src/proof/notes/witness-requests.ts';
import { decodeBase64, encodeBase64 } from '../../src/proof/text/base64.ts';
import { parseDecimal } from '../../src/proof/text/decimal.ts';
import { emptyRoot } from '../../src/proof/tree/merkle-hashes.ts';
import { cosignText, signText } from '../../src/signing/log-keys.ts';
import { sampled } from '../support/size.ts';
import { signedCheckpoint, testKey } from './keys.ts';

const origin = 'ledger.example/org_1';
const log = testKey(origin);
const witness = testKey('witness.example/w1', 'WITNESS');
const checkpoint = { origin, size: 1234, root: new Uint8Array(32).fill(5) };
const note = signedCheckpoint(checkpoint, log, [{ key: witness, time: 1_700_000_000 }]);
const keys = [log.verifier, witness.verifier];

describe('A signed note', () => {
  test('is verified with the keys of the log and of a witness, which also signed a time', () => {
    const { size, root, signers } = openCheckpoint(note, keys);
    expect([size, root]).toEqual([1234, checkpoint.root]);
    expect(signers.map(({ key, time }) => [key.name, time])).toEqual([
      [origin, null],
      ['witness.example/w1', 1_700_000_000],
    ]);
    expect(formatNote(parseNote(note))).toBe(note);
  });

  test('is refused with any flipped bit of the text or of a signature', () => {
    const bytes = Buffer.from(note);
    const bits = Array.from({ length: bytes.length * 8 }, (_, bit) => bit);
    for (const bit of sampled(bits, 23)) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const open = () => {
        const { signers } = openCheckpoint(new TextDecoder('utf-8', { fatal: true }).decode(changed), keys);
        // A changed name or key id makes a signature unknown, which a note may have.
        if (signers.length < 2) throw new InvalidProof('A signature is missing.');
      };
      expect(open, `bit ${bit}`).toThrow();
    }
  });

  test('is refused when a known key signed another text, and when no known key signed', () => {
    const parsed = parseNote(note);
    expect(() => verifyNote({ ...parsed, text: parsed.text.replace('1234', '1235') }, keys)).toThrow(
      'The signature of ledger.example/org_1 with the key',
    );
    expect(() => openCheckpoint(note, [witness.verifier])).toThrow('No known key of the log');
    expect(() => openCheckpoint(note, [testKey('other.example/org_1').verifier])).toThrow('No known key signed');
    const other = testKey('ledger.example/org_2');
    const foreign = signedCheckpoint(checkpoint, other);
    expect(() => openCheckpoint(foreign, [other.verifier])).toThrow('No known key of the log ledger.example/org_1');
  });

  test('names no signer that is the key of another log, which says nothing about this one', () => {
    const { text, signatures } = parseNote(note);
    const other = testKey('ledger.example/org_2');
    const both = formatNote({ text, signatures: [...signatures, signText(text, other)] });
    const { signers } = openCheckpoint(both, [...keys, other.verifier]);
    expect(signers.map(({ key }) => key.name)).toEqual([origin, 'witness.example/w1']);
  });

  test('keeps a signature of an unknown key, and counts a repeated one once', () => {
    const { text, signatures } = parseNote(note);
    const more = formatNote({ text, signatures: [signText(text, testKey('x.example')), ...signatures, ...signatures] });
    expect(openCheckpoint(more, keys).signers).toHaveLength(2);
  });

  const [text = '', lines = ''] = note.split('\n\n');
  test.each([
    ['no signature', `${text}\n\n`],
    ['no empty line', `${text}\n${lines}`],
    ['a missing line break at the end', note.slice(0, -1)],
    ['a line break of Windows', note.replaceAll('\n', '\r\n')],
    ['a hyphen for the dash', note.replaceAll('—', '-')],
    ['two spaces', note.replace('— ', '—  ')],
    ['a tab in the text', note.replace('1234', '1234\t')],
    ['base64 without padding', note.replace(/=+\n$/, '\n')],
    ['a signature of four bytes', `${text}\n\n— a AAAAAA==\n`],
    ['a name with a plus', `${text}\n\n— a+b AAAAAAAA\n`],
    ['a name with a space that does not break', `${text}\n\n— a\u00a0b AAAAAAAA\n`],
    ['a name with a sign that turns the direction of text', `${text}\n\n— a\u202eb AAAAAAAA\n`],
    ['a lone surrogate', note.replace('1234', '1234\ud800')],
    ['101 signatures', `${text}\n\n${'— a AAAAAAAA\n'.repeat(101)}`],
    ['more than a million characters', `${'a'.repeat(1_000_001)}\n\n${lines}`],
  ])('is refused with %s', (_, changed) => {
    expect(() => parseNote(changed)).toThrow(InvalidProof);
  });
});

describe('A checkpoint', () => {
  const root = encodeBase64(checkpoint.root);
  test('has three lines', () => {
    expect(formatCheckpoint(checkpoint)).toBe(`ledger.example/org_1\n1234\n${root}\n`);
    expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
    expect(parseCheckpoint(formatCheckpoint({ origin, size: 0, root: emptyRoot() })).size).toBe(0);
  });

  test.each([
    ['a line of an extension', `${origin}\n1234\n${root}\nextension\n`, 'three lines'],
    ['no line break at the end', `${origin}\n1234\n${root}`, 'three lines'],
    ['an origin with a space', `a b\n1234\n${root}\n`, 'origin'],
    ['an origin with a plus', `a+b\n1234\n${root}\n`, 'origin'],
    ['no origin', `\n1234\n${root}\n`, 'origin'],
    ['a leading zero', `${origin}\n01234\n${root}\n`, 'size'],
    ['a sign', `${origin}\n+1\n${root}\n`, 'size'],
    ['a size of 2^53', `${origin}\n9007199254740992\n${root}\n`, '2^53 - 1'],
    ['a short root', `${origin}\n1234\n${root.slice(4)}\n`, 'root'],
    ['a root with other unused bits', `${origin}\n1234\n${root.replace('U=', 'V=')}\n`, 'root'],
    ['a root in the alphabet of URLs', `${origin}\n1234\n${'_'.repeat(42)}8=\n`, 'root'],
  ])('is refused with %s', (_, text, named) => {
    expect(() => parseCheckpoint(text)).toThrow(named);
    expect(() => parseCheckpoint(text)).toThrow(InvalidProof);
  });

  test('is not signed in a form that a reader would refuse', () => {
    expect(() => formatCheckpoint({ ...checkpoint, origin: 'a b' })).toThrow(InvalidProof);
    expect(() => formatCheckpoint({ ...checkpoint, size: 2 ** 53 })).toThrow(InvalidProof);
    expect(() => formatNote({ text: 'a\tb\n', signatures: [signText('a\tb\n', log)] })).toThrow(InvalidProof);
  });
});

describe('A verifier key', () => {
  const vkey = formatVerifierKey(log.verifier);

  test('leads back to the key, of a log and of a witness', () => {
    expect(vkey).toMatch(/^ledger\.example\/org_1\+[0-9a-f]{8}\+A[Q-Za-f]/);
    for (const key of keys) expect(parseVerifierKey(formatVerifierKey(key))).toEqual(key);
    expect(verifierKey(origin, 'WITNESS', log.verifier.publicKey).keyId).not.toBe(log.verifier.keyId);
  });

  test('is refused with any changed character, and in another form', () => {
    for (let at = 0; at < vkey.length; at++)
      expect(() => parseVerifierKey(`${vkey.slice(0, at)}!${vkey.slice(at + 1)}`), String(at)).toThrow(InvalidProof);
    const [name, id = ''] = vkey.split('+');
    const key = vkey.slice(`${name}+${id}+`.length);
    expect(() => parseVerifierKey(`${name}+${id.toUpperCase()}+${key}`)).toThrow('lower-case');
    expect(() => parseVerifierKey(`${name}+00000000+${key}`)).toThrow('The id 00000000 is not of the key');
    expect(() =>
      parseVerifierKey(`${name}+${id}+${encodeBase64(Uint8Array.of(2, ...log.verifier.publicKey))}`),
    ).toThrow('type');
    expect(() => parseVerifierKey(`${name}+${id}+${encodeBase64(Uint8Array.of(1, 2, 3))}`)).toThrow('2 bytes');
    expect(() => verifierKey(origin, 'LOG', Uint8Array.of(1, ...new Uint8Array(31)))).toThrow('not a usable');
  });
});

describe('A witness', () => {
  const proof = [checkpoint.root, emptyRoot()];
  const request = formatWitnessRequest({ oldSize: 1000, proof, checkpoint: note });

  test('gets the old size, the proof and the checkpoint', () => {
    expect(request).toBe(`old 1000\n${proof.map(encodeBase64).join('\n')}\n\n${note}`);
    expect(parseWitnessRequest(request)).toEqual({ oldSize: 1000, proof, checkpoint: note });
    expect(formatWitnessRequest({ oldSize: 0, proof: [], checkpoint: note })).toBe(`old 0\n\n${note}`);
  });

  test.each([
    ['a proof from the size 0', `old 0\n${encodeBase64(emptyRoot())}\n\n${note}`],
    ['a size larger than that of the checkpoint', `old 1235\n\n${note}`],
    ['64 hashes', `old 1000\n${`${encodeBase64(emptyRoot())}\n`.repeat(64)}\n${note}`],
    ['no old size', `\n\n${note}`],
    ['a leading zero', `old 01\n\n${note}`],
    ['no checkpoint', 'old 1000\n\n'],
    ['a malformed hash', `old 1000\nAAAA\n\n${note}`],
  ])('gets no request with %s', (_, text) => {
    expect(() => parseWitnessRequest(text)).toThrow(InvalidProof);
  });

  test('answers with lines that are added to the checkpoint when its key is known', () => {
    const bare = signedCheckpoint(checkpoint, log);
    const { text } = parseNote(bare);
    const line = formatSignature(cosignText(text, 1_700_000_000, witness));
    const unknown = formatSignature(cosignText(text, 1_700_000_000, testKey('w2.example', 'WITNESS')));
    expect(addCosignatures(bare, line + unknown + line, [witness.verifier])).toBe(note);
    expect(addCosignatures(note, line, [witness.verifier])).toBe(note);
    expect(() => addCosignatures(bare, unknown, [witness.verifier])).toThrow('No known key');
    const wrong = formatSignature({ ...cosignText(text, 1, witness), bytes: cosignText('x\n', 1, witness).bytes });
    expect(() => addCosignatures(bare, wrong, [witness.verifier])).toThrow('is wrong');
    expect(() => parseSignatures('')).toThrow(InvalidProof);
  });

  test('signs a time that nobody can change', () => {
    const cosignature = cosignText('a\n', 1_700_000_000, witness);
    const bytes = cosignature.bytes.slice();
    bytes[7] = (bytes[7] ?? 0) ^ 1;
    expect(verifyNote({ text: 'a\n', signatures: [cosignature] }, keys)).toHaveLength(1);
    expect(() => verifyNote({ text: 'a\n', signatures: [{ ...cosignature, bytes }] }, keys)).toThrow('is wrong');
    const late = bytes.fill(255, 0, 8);
    expect(() => verifyNote({ text: 'a\n', signatures: [{ ...cosignature, bytes: late }] }, keys)).toThrow('2^53');
    expect(verifyEd25519(witness.verifier.publicKey, Buffer.from('a\n'), cosignature.bytes.slice(8))).toBe(false);
  });
});

describe('The origin of a log', () => {
  test('counts how often the log began again', () => {
    expect(formatOrigin({ installation: 'ledger.example', organizationId: 'org_1', generation: 1 })).toBe(origin);
    expect(restartedOrigin(origin)).toBe(`${origin}/2`);
    expect(restartedOrigin(`${origin}/9`)).toBe(`${origin}/10`);
    expect(parseOrigin('ledger.example/eu/org_1/2')).toEqual({
      installation: 'ledger.example/eu',
      organizationId: 'org_1',
      generation: 2,
    });
  });

  test('is not made of parts that it does not lead back to', () => {
    const log = { installation: 'ledger.example', organizationId: 'org_1', generation: 1 };
    for (const change of [
      { organizationId: 'org_1/2' },
      { installation: 'ledger.example/org_1', organizationId: 'org_2/3' },
      { generation: 0 },
      { generation: 1.5 },
    ])
      expect(() => formatOrigin({ ...log, ...change }), JSON.stringify(change)).toThrow(InvalidProof);
  });

  test.each(['org_1', '/org_1', 'a/org_1/1', 'a/org_1/02', 'a/org_1/0', 'a b/org_1', 'a+b/org_1', 'a/b', 'a/org_1/'])(
    '%j is refused',
    (text) => {
      expect(() => parseOrigin(text)).toThrow(InvalidProof);
    },
  );
});

test('Base64 and decimal numbers have one form only', () => {
  for (let length = 0; length < 70; length++) {
    const bytes = new Uint8Array(length).map((_, index) => index * 37 + length);
    expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
    expect(decodeBase64(encodeBase64(bytes), 'It')).toEqual(bytes);
  }
  for (const text of [
    'A',
    'AA',
    'AAA',
    'A===',
    '====',
    '=',
    'AB==',
    'AAB=',
    'AA==AAAA',
    'AA= =',
    'AAAA\n',
    '-_AA',
    'AAAA=',
  ])
    expect(() => decodeBase64(text, 'It'), text).toThrow(InvalidProof);
  for (const text of ['', '00', '01', '-1', '+1', '1.0', '1e3', ' 1', '1\n', '١', '9007199254740992', '1'.repeat(30)])
    expect(() => parseDecimal(text, 'It'), text).toThrow(InvalidProof);
  expect(parseDecimal('9007199254740991', 'It')).toBe(Number.MAX_SAFE_INTEGER);
});
