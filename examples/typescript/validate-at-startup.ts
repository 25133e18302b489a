// Validates the license when the application starts, and lets it run offline for as long as the last answer allows.
//   LEDGER_URL=http://127.0.0.1:8080 LICENSE_KEY=LL-… npx tsx examples/typescript/validate-at-startup.ts
// Exit codes: 0 it may run, 1 nobody answered, 3 it may not, 4 expired.
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type AnswerOf, createClient, LedgerProblem, LedgerUnreachable } from '@license-ledger/client';
import { reactionTo } from './codes.ts';

type Validation = AnswerOf<'validateLicense'>;

const { LEDGER_URL = 'http://127.0.0.1:8080', LICENSE_KEY = '', PRODUCT = 'local_cli', LICENSE_CACHE } = process.env;
const cacheFile = LICENSE_CACHE ?? '.license-cache.json';
// Something that stays the same on this machine and differs from others. Only an HMAC of it is stored by the server.
const fingerprint = process.env.FINGERPRINT ?? hostname();

// An answer is good for what was asked only.
const asked = createHash('sha256').update(`${LICENSE_KEY}\n${PRODUCT}\n${fingerprint}\n`).digest('hex');

/** The last good answer, while it allows running without the server. It is not signed: whoever can edit the file can extend it. */
const cached = (): Validation | null => {
  try {
    const kept: { asked: string; answer: Validation } = JSON.parse(readFileSync(cacheFile, 'utf8'));
    const { offlineGraceUntil } = kept.answer;
    const isGood = kept.asked === asked && offlineGraceUntil !== null && new Date().toISOString() < offlineGraceUntil;
    return isGood ? kept.answer : null;
  } catch {
    return null;
  }
};

/** A license that is not valid any more must not become so by pulling the plug. */
const keep = (answer: Validation): void => {
  if (answer.valid) writeFileSync(cacheFile, JSON.stringify({ asked, answer }));
  else rmSync(cacheFile, { force: true });
};

const client = createClient({ baseUrl: LEDGER_URL, tries: 2, timeoutMs: 5_000 });

const ask = async (): Promise<Validation> => {
  const nonce = randomUUID();
  const body = { licenseKey: LICENSE_KEY, product: PRODUCT, fingerprint, nonce };
  const { data } = await client.call('validateLicense', { body });
  // A proxy that plays back an older answer does not know this request's nonce.
  if (data.nonce !== nonce) throw new Error('The answer is not to this request.');
  keep(data);
  return data;
};

const validate = async (): Promise<Validation> => {
  const first = await ask();
  // A license that was not validated for too long is told so once; the next validation is in time.
  return first.code === 'CHECK_IN_OVERDUE' ? ask() : first;
};

/** A server in trouble, or somebody else's page in its place, says nothing about the license. */
const saysNothing = (error: unknown): boolean =>
  error instanceof LedgerProblem
    ? error.status >= 500 || error.status === 429 || error.code.startsWith('HTTP_')
    : error instanceof LedgerUnreachable;

try {
  const answer = await validate().catch((error: unknown) => {
    const earlier = saysNothing(error) ? cached() : null;
    if (earlier === null) throw error;
    console.log(`Nobody answers; the last answer is good until ${earlier.offlineGraceUntil}.`);
    return earlier;
  });
  const { runs, say } = reactionTo(answer.code, answer.valid);
  console.log(`${answer.code}${say === null ? '' : `: ${say}`}`);
  process.exitCode = runs ? 0 : answer.code === 'EXPIRED' ? 4 : 3;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof LedgerProblem && !saysNothing(error) ? 3 : 1;
}
