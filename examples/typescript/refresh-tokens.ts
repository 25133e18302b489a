// Signs in and stores the tokens in a file. The next run uses them, and renews an expired access token.
//   EMAIL=owner@demo.example PASSWORD=… npx tsx examples/typescript/refresh-tokens.ts
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createClient, LedgerProblem, type Tokens } from '@license-ledger/client';

const { LEDGER_URL: baseUrl = 'http://127.0.0.1:8080', EMAIL = '', PASSWORD = '' } = process.env;
const file = process.env.TOKEN_FILE ?? '.ledger-tokens.json';

type Kept = Tokens & { readonly deviceToken?: string };

const kept = (): Kept | null => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
};

/** Stores the tokens of an answer. A renewal returns no device token: the file keeps that of the last login. */
const keep = (tokens: Kept): void => {
  // A refresh token works once, so the file must have the next one before anything else happens. The file is written
  // under another name and then renamed. So it is always complete, and only this user may read it.
  const fresh = `${file}.${randomUUID()}`;
  writeFileSync(fresh, JSON.stringify({ ...kept(), ...tokens }), { mode: 0o600, flag: 'wx' });
  renameSync(fresh, file);
};

/** Sends the device token of the last login. So this device can sign in while others guess passwords. */
const signIn = async (): Promise<Tokens> => {
  const earlier = kept()?.deviceToken;
  const body = { email: EMAIL, password: PASSWORD, ...(earlier === undefined ? {} : { deviceToken: earlier }) };
  const { data } = await createClient({ baseUrl }).call('logIn', { body });
  const { accessToken, refreshToken, deviceToken } = data;
  keep({ accessToken, refreshToken, deviceToken });
  return { accessToken, refreshToken };
};

const whoAmI = (tokens: Tokens) =>
  createClient({ baseUrl, credentials: { kind: 'user', tokens, onTokens: keep } }).call('me', {});

const tokens = kept() ?? (await signIn());
const me = await whoAmI(tokens).catch(async (error: unknown) => {
  // The session has ended: only the password opens another one.
  if (error instanceof LedgerProblem && error.status === 401) return whoAmI(await signIn());
  throw error;
});
console.log(`Signed in as ${me.data.user.email}.`);
