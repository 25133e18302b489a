import { expect, test } from 'vitest';
import type { Recorded } from '../../src/eventstore/event-store.ts';
import { verifyPack } from '../../src/packs/verify-pack.ts';
import { sourceOfBytes } from '../../src/packs/zip/read-zip.ts';
import { InvalidProof } from '../../src/proof/invalid.ts';
import { randomFrom } from '../support/license-fixtures.ts';
import { sized } from '../support/size.ts';
import { changedLog } from './changed-logs.ts';
import { checkpointOf, exampleHistory, logKey, packOf } from './pack-in-memory.ts';

const { log, licenses } = exampleHistory();
const { note } = checkpointOf(log, {});
const trust = { logs: [logKey.verifier], witnesses: [], licenses };
const seed = Number(process.env.LEDGER_SEED ?? Date.now() % 1_000_000);
const random = randomFrom(seed);
const below = (count: number): number => Math.floor(random() * count);

/** Returns why the verifier refuses a pack. Returns null when it accepts the pack, which is the fault of the test. */
const refusalOf = async (bytes: Uint8Array, older: readonly string[] = []): Promise<string | null> => {
  try {
    await verifyPack(sourceOfBytes(bytes), { ...trust, older });
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
    if (changedPack !== null && (await refusalOf(changedPack.bytes, isSigned ? [note] : [])) === null)
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
