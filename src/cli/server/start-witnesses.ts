import type { Notary } from '../../notary/notary.ts';
import { keepCosigning } from '../../witnesses/keep-cosigning.ts';
import type { Parts } from './process-parts.ts';

/** Asks the witnesses of the configuration for cosignatures, and adds their problems to the fault of the notary. */
export const withWitnesses = (notary: Notary, parts: Parts): Pick<Notary, 'fault'> => {
  const { config, servers, log, openPool, onStop } = parts;
  const { witnesses } = config;
  if (witnesses.length === 0) return notary;
  const pool = openPool(servers.workerUrl, 'ledger_worker', 2);
  const cosigning = keepCosigning({ pool, witnesses, log });
  onStop(cosigning.stop);
  return { fault: () => notary.fault() ?? cosigning.problems()[0] ?? null };
};
