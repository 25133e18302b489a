// One license through its life, as a vendor's back office and a customer's application see it.
//   API_KEY=lgr_live_… npx tsx examples/typescript/license-life.ts     (.ledger/demo.json has a key)
import { createClient, LedgerProblem } from '@license-ledger/client';

const { LEDGER_URL: baseUrl = 'http://127.0.0.1:8080', API_KEY: apiKey = '' } = process.env;
const vendor = createClient({ baseUrl, credentials: { kind: 'apiKey', apiKey } });
const application = createClient({ baseUrl });

const expect = (what: string, seen: unknown, wanted: unknown): void => {
  if (seen !== wanted) throw new Error(`${what}: ${String(seen)} instead of ${String(wanted)}`);
  console.log(`${what}: ${String(seen)}`);
};

const issued = await vendor.call('issueLicense', {
  body: { tier: 'PRO', products: ['local_cli'], limits: { activations: 1 }, reason: { code: 'PURCHASE' } },
});
const { licenseKey } = issued.data;
const params = { licenseId: issued.data.license.id };
expect('issued', issued.data.license.status, 'ACTIVE');

const laptop = { licenseKey, product: 'local_cli', fingerprint: 'laptop' };
const desktop = { licenseKey, product: 'local_cli', fingerprint: 'desktop' };
const codeFor = async (device: typeof laptop): Promise<string> =>
  (await application.call('validateLicense', { body: device })).data.code;

expect('validated before activation', await codeFor(laptop), 'NOT_ACTIVATED');
const activated = await application.call('activateLicense', { body: { ...laptop, name: 'My laptop' } });
expect('activated', activated.data.changed, true);
expect('validated', await codeFor(laptop), 'VALID');

const refused = await application.call('activateLicense', { body: desktop }).catch((error: unknown) => error);
expect('a second device', refused instanceof LedgerProblem ? refused.code : 'activated', 'ACTIVATION_LIMIT_EXCEEDED');
const swapped = await application.call('swapActivation', {
  body: { ...desktop, release: { activationId: activated.data.activation.id } },
});
expect('swapped', swapped.data.changed, true);
expect('the first device now', await codeFor(laptop), 'NOT_ACTIVATED');
expect('the second device now', await codeFor(desktop), 'VALID');

await vendor.call('suspendLicense', { params, body: { reason: { code: 'PAYMENT' } } });
expect('suspended', await codeFor(desktop), 'SUSPENDED');
await vendor.call('reinstateLicense', { params, body: { reason: { code: 'PAYMENT' } } });
expect('reinstated', await codeFor(desktop), 'VALID');
const renewed = await vendor.call('renewLicense', { params, body: { duration: 'P1Y', reason: { code: 'PAYMENT' } } });
expect('renewed, term', renewed.data.license.term.number, 2);
await vendor.call('revokeLicense', { params, body: { reason: { code: 'CHARGEBACK' } } });
expect('revoked', await codeFor(desktop), 'REVOKED');
