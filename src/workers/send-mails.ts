import type { Pool } from 'pg';
import { type Mail, MailDeferred, type Mailer, MailRefused } from '../mail/mail.ts';
import type { Log } from '../postgres/log.ts';
import { type ClaimedMail, claimMail, finishMail, type MailOutcome, postponeMail } from '../records/mails.ts';

type Needs = {
  /** A pool with the role ledger_worker. */
  readonly pool: Pool;
  readonly mailer: Pick<Mailer, 'send'>;
  /** Returns the mail of a row, or why there is none. */
  readonly compose: (claimed: ClaimedMail) => Promise<Mail | 'drop' | 'not_yet'>;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly log: Log;
};

/** For how long a worker has a mail for itself. Longer than a mail server may take to answer. */
export const claimSeconds = 300;
/** After how many seconds the sending of a mail is given up: a day. */
export const giveUpSeconds = 86_400;
/** After how many seconds a mail without a stored event is dropped. No request is in flight for so long. */
export const eventlessSeconds = 3_600;

const retrySecondsMax = 900;

/**
 * Sends the due mails one after the other, until none is due or the mail server does not work. A mail that fails for itself
 * waits and holds up no other one. A row is claimed before its mail is sent, and ends afterwards. So no two workers send
 * it. When the process dies in between, the next attempt sends the mail again, with the same Message-ID. Returns the number of sent mails.
 */
export const sendMails = async (needs: Needs): Promise<number> => {
  const { pool, signal, now } = needs;
  let sent = 0;
  while (!signal.aborted) {
    const claimed = await claimMail(pool, { now: now(), until: later(now(), claimSeconds) });
    if (claimed === null) return sent;
    const outcome = await sendOne(needs, claimed);
    if (outcome === 'SENT') sent += 1;
    // The mail server takes no mail. The next run tries another one.
    if (outcome === 'server failed') return sent;
  }
  return sent;
};

const sendOne = async (needs: Needs, claimed: ClaimedMail): Promise<MailOutcome | 'postponed' | 'server failed'> => {
  const { pool, now, compose, mailer, log } = needs;
  const { mailId, kind, tries } = claimed;
  const finish = async (outcome: MailOutcome) => {
    await finishMail(pool, claimed, { outcome, now: now() });
    return outcome;
  };
  const age = (now().getTime() - claimed.createdAt.getTime()) / 1_000;
  const nextTry = later(now(), Math.min(retrySecondsMax, 15 * 2 ** Math.min(tries, 10)));
  let isComposed = false;
  try {
    const mail = await compose(claimed);
    isComposed = true;
    if (mail === 'drop' || (mail === 'not_yet' && age > eventlessSeconds)) return await finish('DROPPED');
    if (mail === 'not_yet') {
      await postponeMail(pool, claimed, nextTry);
      return 'postponed';
    }
    await mailer.send(mail);
    return await finish('SENT');
  } catch (error) {
    if (error instanceof MailRefused) {
      log.warn({ err: error, mailId, kind }, 'The mail server refused a mail for good.');
      return finish('REFUSED');
    }
    if (age > giveUpSeconds) {
      log.error({ err: error, mailId, kind, tries }, 'A mail could not be sent for a day and was given up.');
      return finish('GAVE_UP');
    }
    log.error({ err: error, mailId, kind, tries, nextTry }, 'A mail could not be sent. It is tried again.');
    await postponeMail(pool, claimed, nextTry);
    return isComposed && !(error instanceof MailDeferred) ? 'server failed' : 'postponed';
  }
};

const later = (instant: Date, seconds: number): Date => new Date(instant.getTime() + seconds * 1_000);
