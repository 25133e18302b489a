import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatVerifierKey } from '../../src/proof/notes/verifier-keys.ts';
import { reportOnConsistency, reportOnInclusion } from '../../src/proof/reports.ts';
import { fileLengthMax } from '../../src/proof/text/bytes.ts';
import { printable } from '../../src/proof/text/printable.ts';
import { runCommand } from '../../src/verifier/command.ts';
import { exampleEvent, exampleLog } from './example-log.ts';
import { testKey } from './keys.ts';

const event = exampleEvent(4);
const text = JSON.stringify(event);
const log = testKey('ledger.example/org_example');
const witness = testKey('witness.example', 'WITNESS');
const ledger = exampleLog([event], log, [{ key: witness, time: 1_767_225_600 }]);

describe('No file draws on the terminal:', () => {
  const drawn = '\u001b[2K\nProved:\n\u202e\u2028\u00a0';
  const keys = ['--key', formatVerifierKey(log.verifier)];
  const output = (first: string, second: string, more: readonly string[] = keys) =>
    runCommand(['inclusion', first, second, ...more], (path) => Buffer.from(path)).output;
  const expectOneLine = (printed: string) => expect(printed).toMatch(/^[\x20-\x7e]+\n$/);

  test('an escape, a line break and a turned direction become visible text', () => {
    expect(printable(drawn)).toBe('\\u{1b}[2K\\u{a}Proved:\\u{a}\\u{202e}\\u{2028}\\u{a0}');
    expect(printable('plain text, Zürich 漢字')).toBe('plain text, Zürich 漢字');
  });

  test('the names and values of an event', async () => {
    const proof = await ledger.proofOf(0);
    for (const data of [{ [drawn]: 1.5 }, { [drawn]: { [drawn]: [drawn, 0.5] } }, { [drawn]: '\ud800' }])
      expectOneLine(output(proof, JSON.stringify({ ...event, data })));
    expectOneLine(output(proof, JSON.stringify({ ...event, [drawn]: 1 })));
    expectOneLine(output(proof, JSON.stringify({ ...event, stream: drawn })));
  });

  test('the name of a key, and the name of a file', () => {
    expectOneLine(output('a', 'b', ['--key', `${drawn.replaceAll('\n', '')}+00000000+AAAA`]));
    const refused = runCommand(['inclusion', drawn, 'b', ...keys], () => {
      throw new Error(`No ${drawn}`);
    });
    expect(refused.exitCode).toBe(1);
    expectOneLine(refused.output);
    expectOneLine(runCommand(['inclusion', drawn, 'b', ...keys], () => new Uint8Array()).output);
  });
});

describe('A page that imports the checks', () => {
  const [older, newer] = ['older.checkpoint', 'newer.consistency'].map((name) =>
    readFileSync(`tests/proof/vectors/${name}`, 'utf8'),
  );

  test('cannot pass the key of a log as that of a witness, or the other way round', async () => {
    const proof = await ledger.proofOf(0);
    const report = (logs: readonly (typeof log)[], witnesses: readonly (typeof log)[]) =>
      reportOnInclusion(proof, text, {
        logs: logs.map(({ verifier }) => verifier),
        witnesses: witnesses.map(({ verifier }) => verifier),
      });
    expect(report([log], [witness]).proved).toHaveLength(5);
    expect(() => report([], [log])).toThrow('Give keys of logs as logs');
    expect(() => report([log, witness], [])).toThrow('Give keys of logs as logs');
  });

  test('may name a witness twice, which counts once', async () => {
    const twice = [witness.verifier, { ...witness.verifier }];
    const report = reportOnInclusion(await ledger.proofOf(0), text, { logs: [log.verifier], witnesses: twice });
    expect(report.proved.filter((sentence) => sentence.startsWith('The witness'))).toHaveLength(1);
    const consistent = reportOnConsistency(older ?? '', newer ?? '', { logs: [log.verifier], witnesses: twice });
    expect(consistent.proved).toHaveLength(4);
  });

  test('gets an answer at once for a text that is too long', async () => {
    const keys = { logs: [log.verifier], witnesses: [] };
    const long = 'x'.repeat(fileLengthMax + 1);
    expect(() => reportOnInclusion(`c2sp.org/tlog-proof@v1\nextra ${long}`, text, keys)).toThrow('more than 2000000');
    expect(() => reportOnConsistency(older ?? '', long, keys)).toThrow('more than 2000000');
    expect(runCommand(['inclusion', 'a', 'b', '--key', 'k'], () => Buffer.from(long))).toEqual({
      exitCode: 2,
      output: 'k has more than 2000000 bytes.\n',
    });
  });
});
