/** The exit code of a program whose reader has closed the pipe: 128 and the number of SIGPIPE. */
const closedPipe = 141;

/** Ends the process without a message when nobody reads its output any longer, as in `ledger verify --all | head -1`. */
export const endWhenOutputCloses = (): void => {
  for (const output of outputs) output.on('error', end);
};

/** Lets the process go on without a reader, as when the pipe behind a server closes. Signals decide on its end. */
export const surviveClosedOutput = (): void => {
  for (const output of outputs) output.off('error', end).on('error', ignore);
};

const outputs = [process.stdout, process.stderr];

const end = (): void => process.exit(closedPipe);

const ignore = () => {};
