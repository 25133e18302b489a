import { expect, test } from 'vitest';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { type PackTrust, verifyPack } from '../../src/packs/verify-pack.ts';
import { sourceOfBytes } from '../../src/packs/zip/read-zip.ts';
import { InvalidProof } from '../../src/proof/invalid.ts';
import { formatVerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { testKey } from '../proof/keys.ts';
import { randomFrom } from '../support/license-fixtures.ts';
import { sized } from '../support/size.ts';
import { changedLog } from './changed-logs.ts';
import { checkpointOf, exampleHistory, logKey, packOf } from './pack-in-memory.ts';
import { type Forgery, inFile, rebuild } from './rebuild.ts';

const { log, licenses } = exampleHistory();
const { note } = checkpointOf(log, {});
const trust = { logs: [logKey.verifier], witnesses: [], licenses, proofsOnly: true };
const seed = Number(process.env.LEDGER_SEED ?? Date.now() % 1_000_000);
const random = randomFrom(seed);
const below = (count: number): number => Math.floor(random() * count);

/** Returns why the verifier refuses a pack. Returns null when it accepts the pack, which is the fault of the test. */
const refusalOf = async (bytes: Uint8Array, more: Partial<PackTrust> = {}): Promise<string | null> => {
  try {
    await verifyPack(sourceOfBytes(bytes), { ...trust, ...more });
    return null;
  } catch (error) {
    if (error instanceof InvalidProof) return error.message;
    throw error;
  }
};

/** Returns the bytes with one random change, or null when the change changes nothing. */
const changedBytes = (bytes: Uint8Array): { readonly bytes: Uint8Array; readonly what: string } | null => {
  const [at, length] = [below(bytes.length), 1 + below(50)];
  const changes = {
    bit: () => bytes.map((byte, index) => (index === at ? byte ^ (1 << below(8)) : byte)),
    drop: () => Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + length)),
    insert: () => Uint8Array.of(...bytes.subarray(0, at), below(256), ...bytes.subarray(at)),
    truncate: () => bytes.slice(0, at),
    swap: () => {
      const [first, second] = [bytes.slice(at, at + length), bytes.slice(at + length, at + 2 * length)];
      return Uint8Array.of(...bytes.subarray(0, at), ...second, ...first, ...bytes.subarray(at + 2 * length));
    },
  };
  const names = Object.keys(changes) as readonly (keyof typeof changes)[];
  const name = names[below(names.length)] as keyof typeof changes;
  const changed = changes[name]();
  return Buffer.compare(changed, bytes) === 0 ? null : { bytes: changed, what: `${name} at ${at} of ${length}` };
};

test('The verifier refuses a pack with any single change of its bytes, and accepts the pack itself', async () => {
  for (const isComplete of [true, false]) {
    const { bytes } = await packOf(log, { isComplete });
    expect(await refusalOf(bytes)).toBeNull();
    const accepted: string[] = [];
    for (let tried = 0; tried < sized(500, 30); ) {
      const changed = changedBytes(bytes);
      if (changed === null) continue;
      tried += 1;
      if ((await refusalOf(changed.bytes)) === null) accepted.push(changed.what);
    }
    expect(accepted, `seed ${seed}`).toEqual([]);
  }
});

const isGrown = (changed: readonly Recorded[]): boolean =>
  log.every(({ metadata, id }, index) => changed[index]?.id === id && changed[index].metadata.hash === metadata.hash);

test('A pack of a changed log is refused by the signed checkpoint, and with the key of the log by an older one', async () => {
  const accepted: string[] = [];
  for (let tried = 0; tried < sized(1_000, 60); ) {
    const changed = changedLog(log, random);
    const isSigned = random() < 0.5;
    const choice = { licenses, isComplete: isSigned || random() < 0.5, ...(isSigned ? {} : { note }) };
    // The product itself cannot write some of these packs.
    const changedPack = await packOf(changed.log, choice).catch(() => null);
    const pack = await packOf(log, { licenses, isComplete: choice.isComplete });
    // A pack has no content of events of other streams.
    const isSame = changedPack !== null && Buffer.compare(changedPack.bytes, pack.bytes) === 0;
    // An event after the others is how a log grows.
    if (isSame || (isSigned && isGrown(changed.log))) continue;
    tried += 1;
    if (changedPack !== null && (await refusalOf(changedPack.bytes, isSigned ? { older: [note] } : {})) === null)
      accepted.push(changed.what);
  }
  expect(accepted, `seed ${seed}`).toEqual([]);
});

test('Packs of unchanged logs raise no false alarm, at every size and between any two instants', async () => {
  for (let size = 1; size <= log.length; size += sized(1, 4)) {
    const covered = log.slice(0, size);
    const present = licenses.filter((id) => covered.some(({ stream }) => stream === `license-${id}`));
    if (present.length === 0) continue;
    const { note: older } = checkpointOf(log, { size: 1 + below(size) });
    const { bytes } = await packOf(log, { size, licenses: present });
    const report = await verifyPack(sourceOfBytes(bytes), { ...trust, licenses: present, older: [older] });
    expect(report.proved.join('\n')).toContain('The histories are complete');
  }
});

const swapped = (text: string): string => text.replace(/^(.*\n)(.*\n)/, '$2$1');
const twice = (text: string): string => text.replace(/^(.*\n)/, '$1$1');
const older = checkpointOf(log, { size: log.length - 1 }).note;
const otherKey = `${formatVerifierKey(testKey('other.example').verifier)}\n`;
const withManifest = (members: object): Forgery => ({ manifest: (manifest) => ({ ...manifest, ...members }) });

const forgeries: Readonly<Record<string, readonly [Forgery, RegExp]>> = {
  'a text in README.txt': [inFile('README.txt', (text) => `${text}No need to check it.\n`), /README\.txt is not/],
  'a key of another log': [inFile('log.vkey', (text) => text + otherKey), /not of the log/],
  'an older checkpoint': [inFile('checkpoint', () => older), /README\.txt is not/],
  'another state': [
    inFile('states.ndjson', (text) => text.replace(/"revision":\d+/, '"revision":99')),
    /states\.ndjson, line/,
  ],
  'states without a device': [
    inFile('states.ndjson', (text) => text.replace(/^\{"activation".*\n/m, '')),
    /states\.ndjson, line/,
  ],
  'swapped events': [inFile('events.ndjson', swapped), /events\.ndjson, line/],
  'an event twice': [inFile('events.ndjson', twice), /events\.ndjson, line 2/],
  'swapped leaves': [inFile('leaves.ndjson', swapped), /leaves\.ndjson/],
  'wrong counts': [withManifest({ counts: { licenses: 3, events: 13, leaves: log.length } }), /wrong counts/],
  'a further member': [withManifest({ audited: true }), /members that this program does not write/],
  'a text in the time': [withManifest({ createdAt: 'Today. No need to check it.' }), /when the pack was made/],
  'other instants': [
    { manifest: (manifest) => ({ ...manifest, query: { ...manifest.query, from: '2030-01-01T00:00:00.000Z' } }) },
    /from no later than to/,
  ],
  'other licenses in the query': [
    { manifest: (manifest) => ({ ...manifest, query: { ...manifest.query, licenses: licenses.slice(1) } }) },
    /nobody asked for/,
  ],
};

test('A forged pack whose hashes are all computed again is refused for what was forged', async () => {
  const { bytes } = await packOf(log);
  expect(await refusalOf(await rebuild(bytes, {}))).toBeNull();
  for (const [what, [forgery, refusal]] of Object.entries(forgeries))
    expect([what, await refusalOf(await rebuild(bytes, forgery))]).toEqual([what, expect.stringMatching(refusal)]);
});

test('Proofs may not be swapped or repeated, and a pack without its leaves is refused unless the reader allows it', async () => {
  const { bytes } = await packOf(log, { isComplete: false });
  expect(await refusalOf(bytes, { proofsOnly: false })).toContain('--proofs-only');
  for (const change of [swapped, twice])
    expect(await refusalOf(await rebuild(bytes, inFile('proofs.ndjson', change)))).toContain('proofs.ndjson, line');
});
