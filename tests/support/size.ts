/** The size of a heavy test: `full` in `npm run test:long`, about a twentieth of it otherwise, with the same code. */
export const sized = (full: number): number =>
  process.env.LEDGER_TEST_SIZE === 'full' ? full : Math.max(1, Math.ceil(full / 20));
