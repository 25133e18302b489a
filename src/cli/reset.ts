import { loadConfig } from '../config.ts';
import { resetData } from '../embedded/data-directory.ts';
import { printResult } from './output/print-result.ts';

/** `ledger reset`: removes the embedded data. Refuses while a server uses it, and when servers are configured. */
export const resetCommand = async ({ json }: { readonly json: boolean }): Promise<void> => {
  const { servers, dataDir } = loadConfig();
  if (servers.mode === 'servers') {
    throw new Error('ledger reset removes only embedded data. DATABASE_URL is set. Drop that database yourself.');
  }
  await resetData(dataDir);
  printResult(json, { removed: dataDir }, [`Removed what was in ${dataDir}.`]);
};
