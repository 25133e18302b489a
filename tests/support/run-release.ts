// Runs one release of the product, API and projector, until told to stop: that with the SQL files of a directory.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { assemble } from '../../src/cli/server/assemble.ts';
import { loadConfig } from '../../src/config.ts';
import { releaseOf } from '../../src/projections/release.ts';

const [databaseUrl = '', eventStoreUrl = '', directory = '', number = '1', secret = ''] = process.argv.slice(2);

// Its keys go there, not beside the SQL files.
const dataDir = mkdtempSync(join(tmpdir(), 'ledger-release-'));
const config = loadConfig({
  ...{ DATABASE_URL: databaseUrl, EVENTSTORE_URL: eventStoreUrl, LEDGER_SECRET: secret, LEDGER_DATA_DIR: dataDir },
  ...{ PORT: '0', MANAGEMENT_PORT: '0', RATE_LIMITS: 'off' },
});
const servers = {
  ...{ databaseUrl, apiUrl: databaseUrl, projectorUrl: databaseUrl, workerUrl: databaseUrl, eventStoreUrl },
  ...{ embedded: false, failed: new Promise<string>(() => {}), stop: async () => {} },
};
const log = pino({ level: 'info' }, { write: (line) => process.stderr.write(line) });
const release = releaseOf(directory, Number(number));
const ledger = await assemble({ config, servers, roles: ['api', 'projector'], log, program: { directory, release } });
process.once('SIGTERM', () => void ledger.stop().then(() => process.exit(0)));
console.log(JSON.stringify({ url: ledger.baseUrl }));
