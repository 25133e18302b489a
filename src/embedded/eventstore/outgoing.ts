/** The sending half of a call. */
export type Outgoing<Message> = {
  /** False: the client is slow, wait for `drained` before the next message. True and nothing sent once it is closed. */
  write(message: Message): boolean;
  /** Resolves when the client has caught up or the call is over. */
  drained(): Promise<void>;
  close(): void;
};

/** Sends no faster than the client reads. One listener per call, however many are waiting. */
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
