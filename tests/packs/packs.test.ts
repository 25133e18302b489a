import { describe, expect, test } from 'vitest';
import { packPlaces } from '../../src/packs/pack-files.ts';
import { verifyPack } from '../../src/packs/verify-pack.ts';
import { readZip, sourceOfBytes } from '../../src/packs/zip/read-zip.ts';
import { testKey } from '../proof/keys.ts';
import { createLog, testInstant } from '../support/license-fixtures.ts';
import { sized } from '../support/size.ts';
import { checkpointOf, exampleHistory, logKey, origin, packOf } from './pack-in-memory.ts';

const { log, licenses } = exampleHistory();
const trust = { logs: [logKey.verifier], witnesses: [] };
const check = (bytes: Uint8Array, more = {}) => verifyPack(sourceOfBytes(bytes), { ...trust, ...more });

describe('An evidence pack', () => {
  test('proves that the histories of its licenses are complete, and which states they had', async () => {
    const { bytes, manifest } = await packOf(log);
    const { proved, notProved } = await check(bytes);
    expect(manifest.counts).toEqual({ licenses: 3, events: 14, leaves: log.length });
    expect(proved).toContain(
      `The histories are complete: among its first ${log.length} events, the log has no other one of these licenses.`,
    );
    expect(proved.join('\n')).toContain(
      `The states at ${testInstant(2)} and at ${testInstant(100)} follow from the events.`,
    );
    expect(notProved.join('\n')).toContain('nobody signs manifest.json');
  });

  test('without the leaves of the log proves each event, and says that completeness is not proved', async () => {
    const { bytes } = await packOf(log, { isComplete: false });
    await expect(check(bytes)).rejects.toThrow('--proofs-only');
    const { proved, notProved } = await check(bytes, { proofsOnly: true });
    expect(proved.join('\n')).not.toMatch(/complete|The states/);
    expect(notProved.join('\n')).toContain('later ones may be left out');
    expect(notProved.join('\n')).toContain('That the histories are complete');
    await expect(check(bytes, { older: [checkpointOf(log, { size: 3 }).note], proofsOnly: true })).rejects.toThrow(
      'no leaves',
    );
  });

  test('with an older checkpoint does not prove that nothing changed after its last event', async () => {
    const last = String(log[7]?.metadata.recordedAt);
    const present = licenses.filter((id) => log.slice(0, 8).some(({ stream }) => stream === `license-${id}`));
    const { bytes } = await packOf(log, { size: 8, licenses: present, to: testInstant(100) });
    const { notProved } = await check(bytes);
    expect(notProved).toContain(`That nothing changed between ${last} and ${testInstant(100)}.`);
    const { bytes: until } = await packOf(log, { size: 8, licenses: present, to: last });
    expect((await check(until)).notProved.join('\n')).not.toContain('nothing changed');
  });

  test('for states after the time when it was made is refused', async () => {
    const { bytes } = await packOf(log, { to: testInstant(100), createdAt: testInstant(99) });
    await expect(check(bytes)).rejects.toThrow('after the time when the pack was made');
  });

  test('of a license with many devices has no long line, and is accepted', async () => {
    const made = createLog();
    const license = made.issue('many', { activations: 20_000 });
    for (let device = 0; device < sized(10_000, 3_000); device++) made.activate(license, `device ${device}`);
    const { bytes } = await packOf(made.log, { licenses: [license], to: testInstant(20_000) });
    const { proved } = await check(bytes);
    expect(proved.join('\n')).toContain('The histories are complete');
    const states = (await readZip(sourceOfBytes(bytes), packPlaces)).find(({ name }) => name === 'states.ndjson');
    const text = new TextDecoder().decode(await states?.read(0, states.size));
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThan(10_000);
  });

  test('has the same bytes for the same content', async () => {
    const [one, other] = [await packOf(log), await packOf(log)];
    expect(Buffer.compare(one.bytes, other.bytes)).toBe(0);
  });

  test('is compared with an older checkpoint and with the cosignature of a witness', async () => {
    const witness = testKey('witness.example', 'WITNESS');
    const { bytes } = await packOf(log, { witnesses: [{ key: witness, time: 1_767_225_600 }] });
    const older = checkpointOf(log, { size: 5 }).note;
    const { proved } = await check(bytes, { older: [older], witnesses: [witness.verifier] });
    expect(proved).toContain('The log has not changed the first 5 events since your older checkpoint.');
    const { bytes: alone } = await packOf(log);
    await expect(check(alone, { witnesses: [witness.verifier] })).rejects.toThrow('did not cosign');
  });

  test('of another key, another log, fewer licenses or a missing event is refused with the place', async () => {
    const stranger = testKey(origin.replace('ledger', 'other'));
    await expect(check((await packOf(log, { key: stranger })).bytes)).rejects.toThrow('No known key');
    const some = licenses.slice(1);
    await expect(check((await packOf(log, { licenses: some, filter: {} })).bytes, { licenses })).rejects.toThrow(
      `The pack lacks the license ${licenses[0]}.`,
    );
    const last = log.findLastIndex(({ stream }) => stream === `license-${licenses[0]}`);
    const { bytes } = await packOf(log.toSpliced(last, 1), { leavesOf: log, note: checkpointOf(log, {}).note });
    await expect(check(bytes)).rejects.toThrow(/leaves\.ndjson|The log has/);
  });
});
