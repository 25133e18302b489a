import { expect, test } from 'vitest';
import { startClockCheck } from '../../../src/cli/server/clock-check.ts';

/** Returns the clocks of a process and of Postgres, which a test moves, and a check that compares them. */
const clocks = () => {
  const state = { elapsedMs: 0, processAheadMs: 0, postgresAheadMs: 0, roundTripMs: 0, isDown: false, questions: 0 };
  const lines: string[] = [];
  const tell = (_fields: object, line: string) => lines.push(line);
  const check = startClockCheck({
    now: () => new Date(state.elapsedMs + state.processAheadMs),
    elapsedMs: () => state.elapsedMs,
    askPostgres: async () => {
      state.questions += 1;
      if (state.isDown) throw new Error('down');
      state.elapsedMs += state.roundTripMs / 2;
      const postgresMs = state.elapsedMs + state.postgresAheadMs;
      state.elapsedMs += state.roundTripMs / 2;
      return postgresMs;
    },
    log: { error: tell, info: tell },
  });
  check.stop();
  return { state, lines, check };
};

test('A difference of up to a minute between the clocks is accepted, and a larger one is not', async () => {
  for (const sign of [1, -1]) {
    const { state, check } = clocks();
    state.processAheadMs = sign * 60_000;
    await check.measure();
    expect(await check.fault()).toBeNull();
    state.processAheadMs = sign * 90_000;
    expect(await check.fault()).toMatch(
      sign === 1
        ? /^The clock of this process is 90 seconds ahead of that of Postgres\..* Synchronize both clocks\.$/
        : /^The clock of this process is 90 seconds behind that of Postgres\./,
    );
  }
});

test('A clock that is set while the process runs is noticed at the next command', async () => {
  const { state, check } = clocks();
  await check.measure();
  state.elapsedMs += 5_000;
  expect(await check.fault()).toBeNull();
  state.processAheadMs = 120_000;
  expect(await check.fault()).toContain('120 seconds ahead');
  state.processAheadMs = 0;
  expect(await check.fault()).toBeNull();
});

test('A process that was suspended asks Postgres before it refuses a command', async () => {
  const { state, check } = clocks();
  await check.measure();
  // The elapsed time does not count a suspension.
  state.processAheadMs = 3_600_000;
  state.postgresAheadMs = 3_600_000;
  state.elapsedMs += 2_000;
  expect(await check.fault()).toBeNull();
  expect(state.questions).toBe(2);
});

test('A slow answer of Postgres widens the accepted difference', async () => {
  const { state, check } = clocks();
  state.roundTripMs = 20_000;
  state.processAheadMs = 65_000;
  await check.measure();
  expect(await check.fault()).toBeNull();
  state.roundTripMs = 0;
  state.elapsedMs += 10_000;
  await check.measure();
  expect(await check.fault()).toContain('65 seconds ahead');
});

test('Without an answer of Postgres the last one counts, and before the first answer no command is refused', async () => {
  const { state, check } = clocks();
  state.isDown = true;
  state.processAheadMs = 120_000;
  await check.measure();
  expect(await check.fault()).toBeNull();
  state.isDown = false;
  await check.measure();
  state.isDown = true;
  state.elapsedMs += 60_000;
  expect(await check.fault()).toContain('120 seconds ahead');
});

test('The log says once that the clocks differ, and once that they agree again', async () => {
  const { state, lines, check } = clocks();
  state.processAheadMs = 120_000;
  await check.measure();
  await check.measure();
  state.processAheadMs = 0;
  await check.measure();
  await check.measure();
  expect(lines).toEqual([
    expect.stringContaining('refuses commands'),
    'The clocks of this process and of Postgres agree again.',
  ]);
});
