/** Lets one caller wait until it is woken. A wake-up while nobody waits is remembered, so that none is missed. */
export type WakeUp = {
  /** Ends the wait, or the next one at once. */
  readonly wake: () => void;
  /** Returns true as soon as it is woken, or was since the last wait; false after `waitMs`, where it is given. */
  readonly wait: (waitMs?: number) => Promise<boolean>;
};

/** Creates a wake-up for one caller that waits. */
export const createWakeUp = (): WakeUp => {
  let isWoken = false;
  let resume: (() => void) | null = null;

  const resumed = (waitMs: number | undefined) =>
    new Promise<void>((resolve) => {
      const timer = waitMs === undefined ? undefined : setTimeout(resolve, waitMs);
      resume = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  return {
    wake: () => {
      isWoken = true;
      resume?.();
    },
    wait: async (waitMs) => {
      if (!isWoken) await resumed(waitMs);
      resume = null;
      const result = isWoken;
      isWoken = false;
      return result;
    },
  };
};
