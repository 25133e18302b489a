// Runs roles of the product in a process of its own, as its environment says, and tells its parent what it has folded.
import { destination, pino } from 'pino';
import { assemble } from '../../src/cli/server/assemble.ts';
import { openServers } from '../../src/cli/server/open-servers.ts';
import { allRoles } from '../../src/cli/server/roles.ts';
import { loadConfig } from '../../src/config.ts';
import { foldsOf } from './folds.ts';

const config = loadConfig();
const roles = allRoles.filter((role) => process.argv.includes(role));
const servers = await openServers(config, () => {});
const ledger = await assemble({ config, servers, roles, log: pino({ level: config.logLevel }, destination(2)) });

process.on('message', (licenseIds: readonly string[]) => {
  foldsOf(ledger.executor, licenseIds).then(
    (folds) => process.send?.({ folds }),
    (error) => process.send?.({ failed: String(error) }),
  );
});
process.on('SIGTERM', () => void ledger.stop().then(() => process.exit(0)));
// The test was ended.
process.on('disconnect', () => process.exit(1));
process.send?.({ url: ledger.baseUrl });
