// Signs in, keeps the tokens in a file, and goes on with them the next time; an expired access token is renewed on the way.
//   EMAIL=owner@demo.example PASSWORD=… npx tsx examples/typescript/refresh-tokens.ts
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createClient } from 'license-ledger/client';
import type { Tokens } from 'license-ledger/client/credentials';
import { LedgerProblem } from 'license-ledger/client/problem';

const { LEDGER_URL: baseUrl = 'http://127.0.0.1:8080', EMAIL = '', PASSWORD = '' } = process.env;
const file = process.env.TOKEN_FILE ?? '.ledger-tokens.json';

// A refresh token works once: the new one must be on disk before anything else is done with it.
// Written beside it, for this user alone, and renamed: whenever this is interrupted, the file is the old one or the new one.
const keep = (tokens: Tokens): void => {
  const fresh = `${file}.${randomUUID()}`;
  writeFileSync(fresh, JSON.stringify(tokens), { mode: 0o600, flag: 'wx' });
  renameSync(fresh, file);
};

const kept = (): Tokens | null => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
};

const signIn = async (): Promise<Tokens> => {
  const { data } = await createClient({ baseUrl }).call('logIn', { body: { email: EMAIL, password: PASSWORD } });
  const tokens = { accessToken: data.accessToken, refreshToken: data.refreshToken };
  keep(tokens);
  return tokens;
};

const whoAmI = (tokens: Tokens) =>
  createClient({ baseUrl, credentials: { kind: 'user', tokens, onTokens: keep } }).call('me', {});

const tokens = kept() ?? (await signIn());
const me = await whoAmI(tokens).catch(async (error: unknown) => {
  // The session has ended, by time or by somebody: only the password helps.
  if (error instanceof LedgerProblem && error.status === 401) return whoAmI(await signIn());
  throw error;
});
console.log(`Signed in as ${me.data.user.email}.`);
