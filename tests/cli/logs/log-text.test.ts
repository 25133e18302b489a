import { describe, expect, test } from 'vitest';
import { logText, parseLogLine } from '../../../src/cli/logs/log-text.ts';
import { painter, printable } from '../../../src/cli/output/colors.ts';
import { colorChoice } from '../../../src/config.ts';

const time = '2026-11-30T08:00:00.000Z';

describe('A line of the log for people', () => {
  test('has time, level, message and fields', () => {
    const line = {
      level: 30,
      time,
      msg: 'request',
      status: 201,
      route: 'issueLicense',
      tenant: null,
      note: 'two words',
    };
    expect(logText(line)).toBe(`${time} INFO  request status=201 route=issueLicense tenant=null note="two words"`);
  });

  test('has the stack of an error below it, and its code', () => {
    const err = { type: 'Error', message: 'no', stack: 'Error: no\n    at here', code: 'ENOSPC' };
    expect(logText({ level: 50, time, msg: 'Failed.', err })).toBe(
      `${time} ERROR Failed. code=ENOSPC\n    Error: no\n    at here`,
    );
  });

  test('cannot change the terminal of the reader', () => {
    const text = logText({ level: 40, time, msg: 'a\u001b[2Jb\r', name: '\u202egnp', err: { stack: '\u0007' } });
    for (const mark of ['\u0007', '\u001b', '\r', '\u202e']) expect(text).not.toContain(mark);
    expect(printable('a\u001b[2Jb')).toBe('a\\u001b[2Jb');
  });

  test('is not read from a text that was cut', () => {
    expect(parseLogLine('{"level":30,"time":"2026')).toBe(null);
    expect(parseLogLine('{"time":"2026"}')).toBe(null);
    expect(parseLogLine('null')).toBe(null);
  });
});

describe('Color', () => {
  const colored = (environment: Readonly<Record<string, string>>, isTTY: boolean) =>
    painter({ isTTY }, colorChoice(environment))('red', 'x') !== 'x';

  test.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ TERM: 'dumb' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
  ])('With %j and a terminal %s it is used: %s', (environment, isTTY, expected) => {
    expect(colored(environment as Readonly<Record<string, string>>, isTTY)).toBe(expected);
  });
});
