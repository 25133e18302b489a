import type { Executor } from './execute.ts';

/**
 * This process must not decide commands now, because its clock is wrong; nothing was done. The message says what to do.
 */
export class ClockDiffers extends Error {
  override readonly name = 'ClockDiffers';
}

/**
 * Returns an executor that throws ClockDiffers for every command while `clockFault` returns a sentence. Reads go on.
 */
export const guardCommands = (executor: Executor, clockFault: () => Promise<string | null>): Executor => ({
  ...executor,
  execute: async (aggregate, id, decide, options) => {
    const fault = await clockFault();
    if (fault !== null) throw new ClockDiffers(fault);
    return executor.execute(aggregate, id, decide, options);
  },
});
