// Runs the embedded stack until told to stop, for tests that end processes. The second argument names how it ends.
import { startStack } from '../../src/embedded/stack.ts';

const [dataDir = '', ending = 'signal'] = process.argv.slice(2);

const stack = await startStack({ dataDir, log: (line) => console.error(line) });
const stopAndExit = () => {
  void stack.stop().then(() => process.exit(0));
};
process.once('SIGINT', stopAndExit);
process.once('SIGTERM', stopAndExit);
// The test looks at the processes first, then asks for the end.
process.once('SIGUSR2', () => {
  if (ending === 'exit') process.exit(7);
  throw new Error('uncaught on purpose');
});
console.log(JSON.stringify({ databaseUrl: stack.databaseUrl, eventStoreUrl: stack.eventStoreUrl }));
