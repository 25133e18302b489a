// Activates this device; where all activations are in use, puts it in the place of the one named in SWAP.
//   LICENSE_KEY=LL-… FINGERPRINT=laptop-2 npx tsx examples/typescript/activate.ts
// Exit codes: 0 activated, 1 nobody answered, 3 refused, 5 all activations are in use.
import { hostname } from 'node:os';
import { createClient, LedgerProblem, LedgerUnreachable } from '@license-ledger/client';

const { LEDGER_URL = 'http://127.0.0.1:8080', LICENSE_KEY = '', PRODUCT = 'local_cli', SWAP } = process.env;
const fingerprint = process.env.FINGERPRINT ?? hostname();
const client = createClient({ baseUrl: LEDGER_URL });
const device = { licenseKey: LICENSE_KEY, product: PRODUCT, fingerprint, name: hostname(), platform: process.platform };

try {
  const { status, data } =
    SWAP === undefined
      ? await client.call('activateLicense', { body: device })
      : await client.call('swapActivation', { body: { ...device, release: { activationId: SWAP } } });
  const { used, max } = data.limits.activations;
  // `changed` is also true when an active device got another name, platform or version.
  const how = status === 201 ? 'Activated' : 'Was activated already';
  console.log(`${how}: ${data.activation.id}, ${used} of ${max} in use.`);
} catch (error) {
  if (!(error instanceof LedgerProblem || error instanceof LedgerUnreachable)) throw error;
  console.error(error.message);
  const isFull = error instanceof LedgerProblem && error.code === 'ACTIVATION_LIMIT_EXCEEDED';
  if (isFull) console.error('Release one of these, or set SWAP to its id:', JSON.stringify(error.problem.activations));
  process.exitCode = isFull ? 5 : error instanceof LedgerProblem ? 3 : 1;
}
