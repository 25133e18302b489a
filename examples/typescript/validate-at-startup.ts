// Validates the license when the application starts, and lets it run offline for as long as the last answer allows.
//   LEDGER_URL=http://127.0.0.1:8080 LICENSE_KEY=LL-… npx tsx examples/typescript/validate-at-startup.ts
// Exit codes: 0 it may run, 1 nobody answered, 3 it may not, 4 expired.
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type AnswerOf, createClient } from 'license-ledger/client';
import { LedgerUnreachable } from 'license-ledger/client/problem';
import { reactionTo } from './codes.ts';

type Validation = AnswerOf<'validateLicense'>;

const { LEDGER_URL = 'http://127.0.0.1:8080', LICENSE_KEY = '', PRODUCT = 'local_cli', LICENSE_CACHE } = process.env;
const cacheFile = LICENSE_CACHE ?? '.license-cache.json';
// Something that stays the same on this machine and differs from others. Only an HMAC of it is stored by the server.
const fingerprint = process.env.FINGERPRINT ?? hostname();

/** The last good answer, while it allows running without the server. It is not signed: whoever can edit the file can extend it. */
const cached = (): Validation | null => {
  try {
    const answer: Validation = JSON.parse(readFileSync(cacheFile, 'utf8'));
    const isGood = answer.offlineGraceUntil !== null && new Date().toISOString() < answer.offlineGraceUntil;
    return isGood ? answer : null;
  } catch {
    return null;
  }
};

const validate = async (): Promise<Validation> => {
  const client = createClient({ baseUrl: LEDGER_URL, tries: 2, timeoutMs: 5_000 });
  const nonce = randomUUID();
  const body = { licenseKey: LICENSE_KEY, product: PRODUCT, fingerprint, nonce };
  const { data } = await client.call('validateLicense', { body });
  // A proxy that plays back an older answer does not know this request's nonce.
  if (data.nonce !== nonce) throw new Error('The answer is not to this request.');
  if (data.valid) writeFileSync(cacheFile, JSON.stringify(data));
  return data;
};

try {
  const answer = await validate().catch((error: unknown) => {
    const earlier = error instanceof LedgerUnreachable ? cached() : null;
    if (earlier === null) throw error;
    console.log(`Nobody answers; the last answer is good until ${earlier.offlineGraceUntil}.`);
    return earlier;
  });
  const { runs, say } = reactionTo(answer.code, answer.valid);
  console.log(`${answer.code}${say === null ? '' : `: ${say}`}`);
  process.exitCode = runs ? 0 : answer.code === 'EXPIRED' ? 4 : 3;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
