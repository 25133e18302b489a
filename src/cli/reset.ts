import { loadConfig } from '../config.ts';
import { resetData } from '../embedded/data-directory.ts';

/** `ledger reset`: removes the embedded data; refuses while a server runs on it, and with servers configured. */
export const resetCommand = async (): Promise<void> => {
  const { servers, dataDir } = loadConfig();
  if (servers.mode === 'servers') {
    throw new Error('ledger reset removes embedded data only. DATABASE_URL is set: drop that database yourself.');
  }
  await resetData(dataDir);
  console.log(`Removed what was in ${dataDir}.`);
};
