import { composeMail } from '../../src/application/mail/compose-mail.ts';
import type { Mail } from '../../src/mail/mail.ts';
import { sendMails } from '../../src/workers/send-mails.ts';
import type { Ledger } from './ledger.ts';
import { quiet } from './read-models.ts';

/** The worker's part of a ledger that sends mails, to a list instead of a mail server. */
export const openMailbox = (ledger: Ledger) => {
  const mails: Mail[] = [];
  const composing = { ...ledger.needs, publicUrl: 'https://ledger.vendor.example' };
  const send = async (mail: Mail): Promise<void> => {
    mails.push(mail);
  };
  /** Sends what is due. Returns the number of sent mails. */
  const deliver = (mailer = { send }) =>
    sendMails({
      pool: ledger.database.worker,
      mailer,
      compose: (claimed) => composeMail(composing, claimed),
      now: () => new Date(ledger.needs.now()),
      signal: new AbortController().signal,
      log: quiet,
    });
  const mailsTo = async (email: string): Promise<readonly Mail[]> => {
    await deliver();
    return mails.filter(({ to }) => to.toLowerCase() === email.toLowerCase());
  };
  return {
    deliver,
    mailsTo,
    /** The token of the last mail to an address. */
    tokenTo: async (email: string): Promise<string> =>
      /^lgr_mail_[\w-]+$/m.exec((await mailsTo(email)).at(-1)?.text ?? '')?.[0] ?? 'no mail',
  };
};
