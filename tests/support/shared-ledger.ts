import { type Ledger, startLedger } from './ledger.ts';

/**
 * The product as all files of a worker share it, with two organizations of the caller's own. It is for tests that stop no
 * part, move no clock, inject no fault and look at no table, log or metric as a whole: what would do that throws. It ends
 * with the worker.
 */
export const shareLedger = async (): Promise<Ledger> => {
  shared ??= startLedger();
  const ledger = await shared;
  const [a, b] = await ledger.createPair();
  return {
    ...ledger,
    ...{ a, b, clock: Object.freeze({ ...ledger.clock }), faults: Object.freeze({ ...ledger.faults }), logged: [] },
    issue: (fields, organization = a) => ledger.issue(fields, organization),
    consent: (holderOrgId, issuer = a) => ledger.consent(holderOrgId, issuer),
    ...{ beginStop: refuse, stopProjector: refuse, events: refuse, traces: refuse, hearing: refuse },
    stop: async () => {},
  };
};

let shared: Promise<Ledger> | undefined;

const refuse = (): never => {
  throw new Error('Other files share this ledger: start one with startLedger.');
};
