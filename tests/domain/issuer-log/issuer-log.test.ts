import { describe, expect, test } from 'vitest';
import { noteChecks } from '../../../src/aggregates/note-checks.ts';
import { stamp } from '../../../src/domain/decider.ts';
import {
  type IssuerLogCommand,
  type IssuerLogEvent,
  issuerLogDecider,
} from '../../../src/domain/issuer-log/issuer-log.ts';
import { formatCheckpoint } from '../../../src/proof/notes/checkpoints.ts';
import { formatRotation } from '../../../src/proof/notes/key-rotations.ts';
import { formatNote } from '../../../src/proof/notes/signed-notes.ts';
import { formatVerifierKey } from '../../../src/proof/notes/verifier-keys.ts';
import { encodeBase64 } from '../../../src/proof/text/base64.ts';
import { type SigningKey, signingKey, signText } from '../../../src/signing/log-keys.ts';
import { testId } from '../../support/license-fixtures.ts';
import { scenarios } from '../../support/scenario.ts';

const at = '2026-01-01T12:00:00.000Z';
const origin = `ledger.example/${testId('org', 'vendor')}`;
const [key, otherKey] = [1, 2].map((byte) => signingKey(origin, 'LOG', new Uint8Array(32).fill(byte))) as [
  SigningKey,
  SigningKey,
];
const nextKey = signingKey(`${origin}/2`, 'LOG', new Uint8Array(32).fill(3));
const vkeyOf = ({ verifier }: SigningKey) => formatVerifierKey(verifier);
const noteOf = (text: string, signer: SigningKey) => formatNote({ text, signatures: [signText(text, signer)] });

const given = scenarios(issuerLogDecider(noteChecks));
const on = (event: IssuerLogEvent) => stamp(event, at);
const treeOf = (size: number, byte = size) => {
  const root = new Uint8Array(32).fill(byte);
  return { root: encodeBase64(root), text: formatCheckpoint({ origin, size, root }) };
};
const sign = (
  size: number,
  { byte = size, signer = key } = {},
): Extract<IssuerLogCommand, { type: 'SignCheckpoint' }> => {
  const { root, text } = treeOf(size, byte);
  return { type: 'SignCheckpoint', at, data: { size, root, note: noteOf(text, signer) } };
};
const signed = (size: number, signer = key): IssuerLogEvent => ({
  type: 'CheckpointSigned',
  data: sign(size, { signer }).data,
});
const start = (of: string, signer: SigningKey): IssuerLogCommand => ({
  type: 'StartLog',
  at,
  data: { origin: of, vkey: vkeyOf(signer) },
});
const started: IssuerLogEvent = { type: 'LogStarted', data: { origin, vkey: vkeyOf(key) } };
const rotate = (to: SigningKey, signer = key): Extract<IssuerLogCommand, { type: 'RotateLogKey' }> => {
  const vkey = vkeyOf(to);
  return { type: 'RotateLogKey', at, data: { vkey, note: noteOf(formatRotation({ origin, vkey }), signer) } };
};
const rotated: IssuerLogEvent = { type: 'LogKeyRotated', data: rotate(otherKey).data };
const restart = (size: number, signer = nextKey, of = origin): IssuerLogCommand => ({
  type: 'RestartLog',
  at,
  data: { vkey: vkeyOf(signer), reason: 'RESTORED', last: { origin: of, size, root: treeOf(size).root } },
});
const restarted = (size: number): IssuerLogEvent => ({
  type: 'LogRestarted',
  data: {
    origin: `${origin}/2`,
    vkey: vkeyOf(nextKey),
    reason: 'RESTORED',
    last: { origin, size, root: treeOf(size).root },
  },
});

describe('A log', () => {
  test('starts with its name and a key of that name', () => given().when(start(origin, key)).thenEvents(started));
  test('starts once, so the second notary gets the key of the first one', () =>
    given(on(started)).when(start(origin, otherKey)).thenNothing());
  test('refuses a key of another log', () =>
    given()
      .when(start(`${origin}/2`, key))
      .thenRejected('WRONG_KEY'));
  test('signs nothing before its start', () => {
    given().when(sign(1)).thenRejected('LOG_NOT_STARTED');
    given().when(rotate(otherKey)).thenRejected('LOG_NOT_STARTED');
  });
});

describe('A checkpoint', () => {
  const log = [on(started), on(signed(5))];
  test('is signed with the key of the log', () => given(on(started)).when(sign(3)).thenEvents(signed(3)));
  test('grows', () =>
    given(...log)
      .when(sign(6))
      .thenEvents(signed(6)));
  test('of a smaller tree is refused', () =>
    given(...log)
      .when(sign(4))
      .thenRejected('WRONG_TREE'));
  test('of the same size with another root is refused', () =>
    given(...log)
      .when(sign(5, { byte: 9 }))
      .thenRejected('WRONG_TREE'));
  test('that is signed already changes nothing', () =>
    given(...log)
      .when(sign(5))
      .thenNothing());
  test('of the same tree may be signed with another key', () =>
    given(...log, on(rotated))
      .when(sign(5, { signer: otherKey }))
      .thenEvents(signed(5, otherKey)));
  test('that another key signed is refused', () => {
    given(...log)
      .when(sign(6, { signer: otherKey }))
      .thenRejected('INVALID_NOTE');
    given(...log, on(rotated))
      .when(sign(6))
      .thenRejected('INVALID_NOTE');
  });
  test('with a changed note is refused', () => {
    const { data, ...command } = sign(6);
    for (const changed of [
      { note: data.note.replace(origin, `${origin}0`) },
      { note: data.note.replace(/[A-Za-z](?=[^\n]{40}\n$)/, (letter) => (letter === 'B' ? 'C' : 'B')) },
      { note: data.note.replace('\n6\n', '\n7\n') },
      { size: 7 },
      { root: treeOf(7).root },
      { note: 'no note' },
    ])
      given(...log)
        .when({ ...command, data: { ...data, ...changed } })
        .thenRejected('INVALID_NOTE');
  });
});

describe('A key', () => {
  const log = [on(started), on(signed(5))];
  test('is replaced by a note that the old key signed', () =>
    given(...log)
      .when(rotate(otherKey))
      .thenEvents(rotated));
  test('that is current is not replaced by itself', () =>
    given(...log)
      .when(rotate(key))
      .thenNothing());
  test('is not replaced by a note that the new key signed', () =>
    given(...log)
      .when(rotate(otherKey, otherKey))
      .thenRejected('INVALID_NOTE'));
  test('is not replaced with a checkpoint, and a rotation is no checkpoint', () => {
    const { note } = sign(6).data;
    const rotation = rotate(otherKey).data;
    given(...log)
      .when({ ...rotate(otherKey), data: { ...rotation, note } })
      .thenRejected('INVALID_NOTE');
    given(...log)
      .when({ ...sign(6), data: { ...sign(6).data, note: rotation.note } })
      .thenRejected('INVALID_NOTE');
  });
  test('of another log does not replace it', () => {
    const data = { vkey: vkeyOf(nextKey), note: rotate(otherKey).data.note };
    given(...log)
      .when({ type: 'RotateLogKey', at, data })
      .thenRejected('WRONG_KEY');
    given(...log)
      .when({ type: 'RotateLogKey', at, data: { ...data, vkey: 'none' } })
      .thenRejected('WRONG_KEY');
  });
});

describe('A restart', () => {
  const log = [on(started), on(signed(5))];
  test('gives the log another name, which names the last checkpoint', () =>
    given(...log)
      .when(restart(5))
      .thenEvents(restarted(5)));
  test('may name a later checkpoint, which a copy has and a restored log lost', () =>
    given(...log)
      .when(restart(9))
      .thenEvents(restarted(9)));
  test('names no earlier checkpoint', () =>
    given(...log)
      .when(restart(4))
      .thenRejected('WRONG_TREE'));
  test('names no checkpoint of another log', () =>
    given(...log)
      .when(restart(5, nextKey, `other.example/${testId('org', 'vendor')}`))
      .thenRejected('WRONG_TREE'));
  test('may follow a later name, which a copy has and a restored log lost', () => {
    const third = signingKey(`${origin}/3`, 'LOG', new Uint8Array(32).fill(4));
    const last = { origin: `${origin}/2`, size: 1, root: treeOf(1).root };
    const data = { vkey: vkeyOf(third), reason: 'RESTORED', last };
    given(...log)
      .when({ type: 'RestartLog', at, data })
      .thenEvents({ type: 'LogRestarted', data: { ...data, origin: `${origin}/3` } });
  });
  test('needs a key of the new name', () =>
    given(...log)
      .when(restart(5, key))
      .thenRejected('WRONG_KEY'));
  test('that is repeated changes nothing', () =>
    given(...log, on(restarted(5)))
      .when(restart(5))
      .thenNothing());
  test('of a log that is gone from the stream begins with its earlier name', () =>
    given()
      .when(restart(9))
      .thenEvents({ type: 'LogStarted', data: { origin, vkey: vkeyOf(nextKey) } }, restarted(9)));
  test('lets the log sign from nothing, with its new key only', () => {
    const begun = [...log, on(restarted(5))];
    const text = formatCheckpoint({ origin: `${origin}/2`, size: 2, root: new Uint8Array(32).fill(2) });
    const data = { size: 2, root: treeOf(2).root, note: noteOf(text, nextKey) };
    given(...begun)
      .when({ type: 'SignCheckpoint', at, data })
      .thenEvents({ type: 'CheckpointSigned', data });
    given(...begun)
      .when(sign(6))
      .thenRejected('INVALID_NOTE');
  });
  test('of a restarted log counts on', () => {
    const third = signingKey(`${origin}/3`, 'LOG', new Uint8Array(32).fill(4));
    const last = { origin: `${origin}/2`, size: 0, root: treeOf(0).root };
    const data = { vkey: vkeyOf(third), reason: 'RESTORED', last };
    const decision = issuerLogDecider(noteChecks).decide(
      { type: 'RestartLog', at, data },
      { kind: 'started', origin: `${origin}/2`, vkey: vkeyOf(nextKey), last: null },
      () => '',
    );
    expect(decision).toEqual([{ type: 'LogRestarted', data: { ...data, origin: `${origin}/3` } }]);
  });
});
