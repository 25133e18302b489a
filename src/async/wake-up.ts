/** Lets one caller wait until it is woken. A wake-up without a waiting caller is remembered. */
export type WakeUp = {
  /** Ends the current wait, or the next one at once. */
  readonly wake: () => void;
  /** Returns true as soon as it is woken, or when it was woken since the last wait. Returns false after `waitMs`. */
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
