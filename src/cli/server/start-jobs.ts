import path from 'node:path';
import type { Pool } from 'pg';
import { composeMail } from '../../application/mail/compose-mail.ts';
import { removeWritten } from '../../application/personal-values.ts';
import { createFileOutbox } from '../../mail/file-outbox.ts';
import type { Mailer } from '../../mail/mail.ts';
import { readModelsFault } from '../../projections/level.ts';
import { checkSample } from '../../projections/verify/check-sample.ts';
import type { ClaimedMail } from '../../records/mails.ts';
import { version } from '../../version.ts';
import { eraseDeviceMetadata } from '../../workers/erase-device-metadata.ts';
import { makePacks } from '../../workers/make-packs.ts';
import { sendMails } from '../../workers/send-mails.ts';
import { settleReferences } from '../../workers/settle-references.ts';
import { startWorker } from '../../workers/worker.ts';
import type { Parts } from './process-parts.ts';

/** Starts the scheduled jobs of the role `worker`. */
export const startJobs = async (parts: Parts): Promise<void> => {
  const { config, servers, store, executor, apiPool, now, log, openPool, onStop } = parts;
  const { sweepsWait = () => false } = parts;
  const pool = openPool(servers.workerUrl, 'ledger_worker', 4);
  const checkPool = openPool(servers.projectorUrl, 'ledger_projector', 1);
  const { redisUrl, expirySweepSeconds } = config;
  const worker = await startWorker({
    backend: redisUrl === null ? { kind: 'postgres', url: servers.workerUrl } : { kind: 'redis', url: redisUrl },
    pool,
    executor,
    expirySweepSeconds,
    mayRead: async () => !sweepsWait() && (await readModelsFault(pool)) === null,
    checkReadModels: (signal) => checkSample({ store, pool: checkPool, log, signal }),
    settleReferences: (signal) =>
      settleReferences({
        pool,
        apiPool,
        store,
        remove: removeWritten,
        signal,
        onError: (error, reference) => log.error({ err: error, ...reference }, 'A claim could not be settled.'),
      }),
    makePacks: (signal) => makePacks({ pool, apiPool, store, version, now, signal, log }),
    eraseDeviceMetadata: (signal) => eraseDeviceMetadata({ pool, apiPool, signal }),
    ...(await mailing(parts, pool)),
    now,
    log,
  });
  onStop(worker.close);
};

/** Returns the job that sends mails. Returns nothing on a server without mail. */
const mailing = async (
  parts: Parts,
  pool: Pool,
): Promise<{ readonly sendMails?: (signal: AbortSignal) => Promise<unknown> }> => {
  const { config, executor, secrets, apiPool, now, log, onStop } = parts;
  if (config.mail === null) return {};
  const { smtpUrl, from, publicUrl } = config.mail;
  const mailer =
    smtpUrl === null
      ? createFileOutbox({ folder: path.join(config.dataDir, 'outbox'), from })
      : await smtpMailer(smtpUrl, from);
  onStop(async () => mailer.close());
  // A mail server that does not work stops no start: mails wait for it.
  mailer.check().catch((error) => log.error({ err: error }, 'The mail server of MAIL_URL does not work.'));
  const composing = { pool: apiPool, executor, secrets, publicUrl, now: () => now().toISOString() };
  const compose = (claimed: ClaimedMail) => composeMail(composing, claimed);
  return { sendMails: (signal) => sendMails({ pool, mailer, compose, now, signal, log }) };
};

// Few servers send mails by SMTP, and loading what it needs takes time of a start.
const smtpMailer = async (url: string, from: string): Promise<Mailer> => {
  const { createSmtpMailer } = await import('../../mail/smtp.ts');
  return createSmtpMailer({ url, from });
};
