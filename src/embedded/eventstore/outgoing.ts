/** The sending side of a call. */
export type Outgoing<Message> = {
  /**
   * Returns false when the client is slow: then wait for `drained`. After `close` it sends nothing and returns true.
   */
  write(message: Message): boolean;
  /** Resolves when the client has caught up or the call has ended. */
  drained(): Promise<void>;
  close(): void;
};

/** Creates the sending side of a call. It adds one listener to the call, for any number of waiting senders. */
export const outgoing = <Message>(call: {
  write(message: Message): boolean;
  on(event: 'drain', listener: () => void): unknown;
}): Outgoing<Message> => {
  let closed = false;
  let waiting: Promise<void> | undefined;
  let resume = () => {};
  const release = () => {
    waiting = undefined;
    resume();
  };
  call.on('drain', release);
  return {
    write: (message) => closed || call.write(message),
    drained: async () => {
      if (closed) return;
      waiting ??= new Promise((resolve) => {
        resume = resolve;
      });
      await waiting;
    },
    close: () => {
      closed = true;
      release();
    },
  };
};
