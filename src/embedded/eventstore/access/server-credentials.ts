import { ServerCredentials } from '@grpc/grpc-js';
import type { StoreAccess } from './store-access.ts';

/** Returns what a server listens with: TLS, or nothing for `INSECURE`. Throws when the certificate and the key do not fit. */
export const serverCredentials = (access: StoreAccess): ServerCredentials =>
  access === 'INSECURE'
    ? ServerCredentials.createInsecure()
    : ServerCredentials.createSsl(
        null,
        [{ cert_chain: Buffer.from(access.certificate), private_key: Buffer.from(access.key) }],
        false,
      );
