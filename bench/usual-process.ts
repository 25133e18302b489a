import { listen } from '../src/cli/server/listen.ts';
import { parseSecrets } from '../src/identity/secrets.ts';
import { usualApp } from './usual-app.ts';

export type UsualOptions = { readonly databaseUrl: string; readonly secret: string };

// The program of the server process of the usual way.
process.once('message', async ({ databaseUrl, secret }: UsualOptions) => {
  const { url } = await listen(usualApp(databaseUrl, parseSecrets(secret)), '127.0.0.1', 0);
  process.send?.({ url });
});
process.on('disconnect', () => process.exit());
