import { X509Certificate } from 'node:crypto';
import type { Config } from '../../config.ts';
import { readCertificate } from '../../embedded/certificates/certificate-files.ts';
import { usersOrNull } from '../eventstore/users-database.ts';
import type { StoreAccessFacts } from './status-facts.ts';

/** Reads who is let in by the event store at `url`, which the product uses. Never returns a password. Does not throw. */
export const readStoreAccess = async (config: Config, url: string): Promise<StoreAccessFacts> => {
  const isEmbedded = config.servers.mode === 'embedded';
  const [users, certificate] = await Promise.all([
    usersOrNull(config),
    isEmbedded ? readCertificate(config.dataDir).catch(() => null) : null,
  ]);
  return {
    tls: !/[?&]tls=false(&|$)/i.test(url),
    login: loginOf(url),
    users: users?.map(({ name, mayAppend }) => ({ name, mayAppend })) ?? null,
    certificateEndsAt:
      certificate === null ? null : new Date(new X509Certificate(certificate.certificate).validTo).toISOString(),
  };
};

const loginOf = (url: string): string | null => {
  const [, name] = /^[^:]+:\/\/([^:/@?]+):[^@/?]+@/.exec(url) ?? [];
  return name === undefined ? null : decodeURIComponent(name);
};

/** Returns who is let in, as a part of a sentence. */
export const accessText = ({ tls, login, users }: StoreAccessFacts): string => {
  if (!tls) return 'no TLS, everybody who reaches it reads and appends';
  const others = users?.map(({ name, mayAppend }) => `${name} (${mayAppend ? 'appends' : 'reads'})`) ?? [];
  return `TLS, let in: ${[`${login ?? 'the product'} (appends)`, ...others].join(', ')}`;
};
