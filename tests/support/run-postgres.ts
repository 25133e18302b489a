// Runs one Postgres until told to stop, for tests that end processes or start them as another user.
import { freePort } from '../../src/embedded/free-port.ts';
import { startPostgres } from '../../src/embedded/postgres.ts';

const [dataDir = ''] = process.argv.slice(2);

const postgres = await startPostgres({ dataDir, password: 'tests', port: await freePort(), durable: false });
process.once('SIGTERM', () => {
  void postgres.stop().then(() => process.exit(0));
});
console.log(JSON.stringify({ url: postgres.url, pid: postgres.pid }));
