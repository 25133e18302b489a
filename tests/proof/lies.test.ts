import { describe, expect, test } from 'vitest';
import { formatTlogProof, parseTlogProof } from '../../src/proof/notes/tlog-proofs.ts';
import { formatVerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { runCommand } from '../../src/verifier/command.ts';
import { sampled } from '../support/size.ts';
import { exampleEvent, exampleLog, type StoredEvent } from './example-log.ts';
import { testKey } from './keys.ts';

const origin = 'ledger.example/org_example';
const log = testKey(origin);
const witness = testKey('witness.example', 'WITNESS');
const time = 1_767_225_600;
const trusted = ['--key', formatVerifierKey(log.verifier)];
const events = Array.from({ length: 300 }, (_, number) => exampleEvent(number));
const older = exampleLog(events.slice(0, 200), log);
const honest = exampleLog(events, log);
const witnessed = exampleLog(events, log, [{ key: witness, time }]);

/** Runs the verifier on files in memory. */
const run = (kind: 'inclusion' | 'consistency', [first, second]: readonly [string, string], more = trusted) =>
  runCommand([kind, 'first', 'second', ...more], (path) => Buffer.from(path === 'first' ? first : second));
const json = (event: StoredEvent) => JSON.stringify(event, null, 2);
const eventAt = (index: number) => events[index] ?? exampleEvent(index);
/**
 * Returns what a server that lies shows of its log: newer checkpoint and consistency proof from the honest older one.
 */
const grown = async (lying: readonly StoredEvent[]) =>
  run('consistency', [older.checkpoint, await exampleLog(lying, log).consistencyFrom(200)]);

test('An honest log is proved, with its witness', async () => {
  const withWitness = [...trusted, '--witness', formatVerifierKey(witness.verifier)];
  expect(run('inclusion', [await witnessed.proofOf(17), json(eventAt(17))], withWitness)).toMatchObject({
    exitCode: 0,
  });
  const consistent = run('consistency', [older.checkpoint, await witnessed.consistencyFrom(200)], withWitness);
  expect(consistent.exitCode).toBe(0);
  expect(consistent.output).toContain('The first 200 events of the newer checkpoint are those of the older one');
  expect(consistent.output).toContain(
    `The witness witness.example signed that it saw this checkpoint at ${time} seconds`,
  );
});

describe('A server that lies is caught, when it', () => {
  test('shows the proof of another event', async () => {
    const { exitCode, output } = run('inclusion', [await honest.proofOf(17), json(eventAt(18))]);
    expect([exitCode, output]).toEqual([
      3,
      'Not proved. The inclusion proof does not lead to the root of the checkpoint.\n',
    ]);
  });

  test('changes the content of an event, and leaves its hash', async () => {
    const changed = { ...eventAt(17), data: { number: 18 } };
    expect(run('inclusion', [await honest.proofOf(17), json(changed)])).toEqual({
      exitCode: 3,
      output: 'Not proved. The content of the event does not have the hash that its metadata names.\n',
    });
  });

  test('changes the content of an event, and computes its hash again', async () => {
    const changed = exampleEvent(17, { data: { number: 18 } });
    expect(run('inclusion', [await honest.proofOf(17), json(changed)]).output).toContain('does not lead to the root');
  });

  test('changes the time of an event and its tree, and signs another history', async () => {
    const changed = events.map((event, at) => (at === 17 ? exampleEvent(17, { minute: 18 }) : event));
    expect(await grown(changed)).toEqual({
      exitCode: 3,
      output: 'Not proved. The consistency proof does not lead to the root of the older checkpoint.\n',
    });
  });

  test('drops an event', async () => {
    expect((await grown(events.filter((_, at) => at !== 150))).exitCode).toBe(3);
  });

  test('inserts an event before those that it showed', async () => {
    expect((await grown([...events.slice(0, 100), exampleEvent(1_000), ...events.slice(100)])).exitCode).toBe(3);
  });

  test('swaps two events', async () => {
    const [one, two] = [eventAt(60), eventAt(61)];
    expect((await grown(events.with(60, two).with(61, one))).exitCode).toBe(3);
  });

  test('cuts the end of the log, as a restored backup does', async () => {
    const cut = exampleLog(events.slice(0, 190), log);
    const claim = (await cut.consistencyFrom(190)).replace('old 190', 'old 200');
    expect(run('consistency', [older.checkpoint, claim]).output).toContain('The old size 200 is larger');
    const honestSize = await cut.consistencyFrom(190);
    expect(run('consistency', [older.checkpoint, honestSize]).output).toContain('the older checkpoint has 200');
  });

  test('shows two logs of the same size to two customers', async () => {
    const fork = [...events.slice(0, 199), exampleEvent(1_000)];
    const output = (await grown(fork)).output;
    expect(output).toBe('Not proved. Two trees of 200 leaves have different roots.\n');
  });

  test('signs with another key than the one that the customer trusts', async () => {
    const { privateKey } = testKey('another.example');
    const other = exampleLog(events, { verifier: log.verifier, privateKey });
    expect(run('inclusion', [await other.proofOf(17), json(eventAt(17))]).output).toMatch(
      /The signature of .* is wrong/,
    );
    const renamed = exampleLog(events, testKey('ledger.example/org_other'));
    expect(run('inclusion', [await renamed.proofOf(17), json(eventAt(17))]).output).toContain('No known key signed');
  });

  test('begins the log again under another name without saying so', async () => {
    const restarted = testKey(`${origin}/2`);
    const both = [...trusted, '--key', formatVerifierKey(restarted.verifier)];
    const files = [older.checkpoint, await exampleLog(events, restarted).consistencyFrom(200)] as const;
    expect(run('consistency', files, both).output).toContain('The checkpoints are of two logs');
  });

  test('leaves out the witness', async () => {
    const withWitness = [...trusted, '--witness', formatVerifierKey(witness.verifier)];
    expect(run('inclusion', [await honest.proofOf(17), json(eventAt(17))], withWitness).output).toContain(
      'did not cosign',
    );
  });
});

test('A server can record two events at one revision, so a proof of one says that it does not exclude the other', async () => {
  const [one, two] = [eventAt(17), exampleEvent(17, { data: { number: 18 } })];
  const lying = exampleLog([one, two], log);
  for (const [index, event] of [one, two].entries()) {
    const { exitCode, output } = run('inclusion', [await lying.proofOf(index), json(event)]);
    expect(exitCode).toBe(0);
    expect(output).toContain(`- Its leaf names revision ${event.revision} of the stream ${event.stream}, and the time`);
    expect(output.split('Not proved:')[1]).toContain('- That no other event of this log has the same revision');
  }
});

test('Any flipped bit of a proof, or of the event, is detected', async () => {
  const proof = Buffer.from(await honest.proofOf(17));
  const event = Buffer.from(JSON.stringify(eventAt(17)));
  const flipped = (bytes: Buffer, bit: number) => {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return changed;
  };
  const codeOf = (first: Buffer, second: Buffer) =>
    runCommand(['inclusion', 'first', 'second', ...trusted], (path) => (path === 'first' ? first : second)).exitCode;
  expect(codeOf(proof, event)).toBe(0);
  const bits = (bytes: Buffer) => Array.from({ length: bytes.length * 8 }, (_, bit) => bit);
  for (const bit of sampled(bits(proof), 61)) expect(codeOf(flipped(proof, bit), event), `proof, ${bit}`).toBe(3);
  for (const bit of sampled(bits(event), 61)) expect(codeOf(proof, flipped(event, bit)), `event, ${bit}`).toBe(3);
});

test('A changed field of a proof is detected, but the extra data, which nothing protects', async () => {
  const proof = parseTlogProof(await honest.proofOf(17));
  const text = formatTlogProof({ ...proof, extra: Uint8Array.of(1, 2) });
  expect(parseTlogProof(text)).toEqual({ ...proof, extra: Uint8Array.of(1, 2) });
  expect(run('inclusion', [text, json(eventAt(17))]).exitCode).toBe(0);
  const [one, two, ...rest] = proof.proof;
  const swapped = [two ?? new Uint8Array(), one ?? new Uint8Array(), ...rest];
  for (const change of [
    { index: 16 },
    { index: 300 },
    { proof: rest },
    { proof: swapped },
    { checkpoint: older.checkpoint },
  ])
    expect(run('inclusion', [formatTlogProof({ ...proof, ...change }), json(eventAt(17))]).exitCode).toBe(3);
  const lines = text.split('\n');
  for (const at of lines.keys())
    expect(run('inclusion', [lines.toSpliced(at, 1).join('\n'), json(eventAt(17))]).exitCode, `line ${at}`).toBe(
      at === 1 ? 0 : 3,
    );
});
